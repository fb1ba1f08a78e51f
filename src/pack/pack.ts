/** The order of packing: read, check, name, run, store, write. Nothing is written before all of it went well. */
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Feed } from '../engine/engine.js';
import { goldenFeeds } from '../engine/golden.js';
import type { KernelCall } from '../engine/tfjs.js';
import { type Asset, type InputSpec, MANIFEST_FORMAT, type Manifest, type OutputSpec } from '../manifest.js';
import type { Dim } from '../signature.js';
import { checkBytes, checkFlops, checkGoldenError } from './budget.js';
import { checkOptions } from './check-options.js';
import { readChecks, runChecks } from './checks.js';
import { modelDts, modelJs } from './codegen.js';
import { settleColumns } from './columns.js';
import { countFlops } from './flops.js';
import { type Answers, type GoldenPlan, nudge, planGolden, storeGolden } from './golden.js';
import { type Graph, isAsync, readGraph } from './graph.js';
import { goldenShape, settleImage, showShape } from './image.js';
import { hashManifest } from './manifest.js';
import { badOption, type PackOptions, plainCopy } from './options.js';
import { checkPads, observePadding, settlePad } from './pad.js';
import { readPicture } from './picture.js';
import { describeQuantized, quantize } from './quantize.js';
import { readModel } from './read.js';
import { type Runner, withRunner } from './run.js';
import { cutShards, graphFile, hashedFile, type PackedFile } from './shards.js';
import { type GraphOutput, readSignature } from './signature.js';
import { KERNELS } from './tfjs-table.js';
import { expandedBytes, type Weight } from './weights.js';
import { checkFiles, refuseSource, writeFiles } from './write.js';

/** What packing made. */
export interface PackResult {
  /** Absolute path of the packed model's folder. */
  readonly out: string;
  /** As `model.js` exports it, with `file:` addresses. */
  readonly manifest: Manifest;
  /** Names of all files, sorted. */
  readonly files: readonly string[];
  /** Bytes of all files. */
  readonly bytes: number;
  /** What a reader of the manifest would want to know before relying on it. */
  readonly warnings: readonly string[];
  /** Whether anything on disk was changed. */
  readonly changed: boolean;
}

let line: Promise<unknown> = Promise.resolve();

/**
 * Packs one model. The same input gives the same bytes.
 * @throws {PannierError} `model-format` for a broken or unsupported model, `options` for an option,
 * `output-stale` from `check`; then no file of the folder was touched
 */
export async function pack(options: PackOptions): Promise<PackResult> {
  const given = plainCopy(options, 'What pack was given');
  // One at a time: TF.js has one profiler per process.
  const packed = line.then(() => packOne(given));
  line = packed.catch(() => undefined);
  return packed;
}

async function packOne(options: PackOptions): Promise<PackResult> {
  checkOptions(options);
  const out = resolve(options.out);
  const warnings: string[] = [];
  const parts = await readModel(options.model);
  await refuseSource(out, options.model);
  const graph = readGraph(parts.topology, parts.weights);
  const signature = readSignature(parts, graph, options);
  const inputs = signature.inputs.map((input) => {
    const { columns, shape } = settleColumns(input);
    const { image, warning } = settleImage(input);
    if (warning !== undefined) warnings.push(warning);
    const { pad, sampled } = settlePad(input, shape, image);
    const taken = { ...(image && { image }), ...(columns && { columns }), ...(pad && { pad }) };
    const spec: InputSpec = { dtype: input.dtype, shape, node: input.node, ...taken };
    return { name: input.name, spec, shape: goldenShape({ ...input, shape: sampled }, image) };
  });
  checkPads(inputs);
  const picture = await readPicture(options.goldenPicture);
  const plan = planGolden(inputs, picture);
  const specs = Object.fromEntries(inputs.map(({ name, spec }) => [name, spec]));
  const feeds = goldenFeeds({ signature: { inputs: specs, outputs: {} }, golden: plan as never }, new Uint8Array(plan.bytes).buffer);
  const controlFlow = isAsync(
    graph,
    signature.outputs.map(({ node }) => node),
  );

  const filesOf = (weights: readonly Weight[]) => {
    const shards = cutShards(weights);
    return { shards, graphAsset: graphFile(parts.topology, signature, weights, shards) };
  };
  const open = <T>(weights: readonly Weight[], step: (runner: Runner) => Promise<T>): Promise<T> => {
    const { shards, graphAsset } = filesOf(weights);
    return withRunner({ name: parts.file, controlFlow }, graphAsset, shards, signature.outputs, step);
  };
  const checks = await readChecks(
    options.golden ?? [],
    specs,
    signature.outputs.map(({ name }) => name),
  );
  const original = await open(parts.weights, async (runner) => {
    const sampled = await sample(runner, feeds, plan, graph);
    const padding = await observePadding(runner, inputs, plan, sampled.answers);
    const { lengthAxes } = padding;
    warnings.push(...(await runChecks(runner, checks, lengthAxes)), ...padding.warnings);
    return { ...sampled, lengthAxes };
  });
  checkFlops(options.budget?.mflop, original.kernels);
  const weights = options.quantize === undefined ? parts.weights : quantize(parts.weights, options.quantize);
  const isChanged = weights.some((weight, index) => weight !== parts.weights[index]);
  if (options.quantize !== undefined && !isChanged)
    warnings.push('Option quantize changes no weight: those it names are small, no float32, or stored so already.');
  const { answers, golden } = isChanged ? await open(weights, (runner) => sample(runner, feeds, plan, graph)) : original;
  const quantized = isChanged && {
    ...describeQuantized(parts.weights, weights),
    maxError: await checkGoldenError(options.budget?.goldenError, {
      ...{ before: parts.weights, after: weights, golden: original.golden },
      ...{ original: original.answers, quantized: answers, feeds, open },
    }),
  };

  for (const [name, reason] of Object.entries(golden.skipped)) {
    warnings.push(
      `Output "${name}" is not checked on backends: ${reason}. A golden picture of your own may help (goldenPicture: 'picture.png').`,
    );
  }
  const { shards, graphAsset } = filesOf(weights);
  const goldenAsset = hashedFile('golden', 'bin', golden.bytes);
  const asset = ({ name, bytes, sha256 }: PackedFile): Asset => ({
    name,
    bytes: bytes.length,
    sha256,
    url: () => pathToFileURL(join(out, name)).href,
  });
  const isFixed = !controlFlow && signature.inputs.every(({ shape }) => shape?.slice(1).every((dim) => dim !== null) ?? false);
  const isBatched = signature.inputs.some(({ shape }) => shape?.[0] === null);
  const manifest = hashManifest({
    format: MANIFEST_FORMAT,
    name: options.name ?? defaultName(options.model),
    version: options.version ?? '0',
    ...(options.license !== undefined && { license: options.license }),
    ...(options.source !== undefined && { source: options.source }),
    ...(options.packedAt !== undefined && { packedAt: options.packedAt }),
    signature: {
      inputs: specs,
      outputs: Object.fromEntries(
        signature.outputs.map((output) => {
          const spec = outputSpec(output, answers, isFixed, isBatched);
          return [output.name, withLengthAxes(spec, original.lengthAxes[output.name] ?? [])];
        }),
      ),
    },
    graph: asset(graphAsset),
    weights: shards.map(asset),
    golden: { asset: asset(goldenAsset), inputs: golden.inputs, outputs: golden.outputs, skipped: golden.skipped },
    controlFlow,
    ops: graph.ops,
    flops: countFlops(original.kernels),
    missingKernels: missingKernels(original.kernels),
    largestWeightBytes: Math.max(0, ...parts.weights.map(expandedBytes)),
    residentBytes: parts.weights.reduce((sum, weight) => sum + expandedBytes(weight), 0),
    intermediateBytes: original.peakBytes,
    ...(quantized && { quantized }),
  });

  const text = (source: string) => new TextEncoder().encode(source);
  const files = new Map([graphAsset, ...shards, goldenAsset].map(({ name, bytes }) => [name, bytes]));
  files.set('model.d.ts', text(modelDts(manifest, parts.file))).set('model.js', text(modelJs(manifest, parts.file)));
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  checkBytes(options.budget?.bytes, bytes, weights);
  if (options.check === true) await checkFiles(out, files);
  const changed = options.check === true ? false : await writeFiles(out, files);
  return { out, manifest, files: [...files.keys()].sort(), bytes, warnings, changed };
}

/** Runs the graph three times: for its answers, for what is stable of them, and for its cost. */
async function sample(runner: Runner, feeds: readonly Feed[], plan: GoldenPlan, graph: Graph) {
  const answers = await runner.run(feeds);
  const golden = storeGolden(plan, answers, await runner.run(nudge(feeds, graph)));
  return { answers, golden, ...(await runner.profile(feeds)) };
}

/** What the signature declares, held against what the run answered. */
function outputSpec({ name, node, shape, options }: GraphOutput, answers: Answers, isFixed: boolean, isBatched: boolean): OutputSpec {
  const { dtype, shape: seen } = answers[name] as Answers[string];
  const merged = shape === undefined ? guessShape(seen, isFixed, isBatched) : mergeShapes(shape, seen);
  const { labels, values } = options;
  const last = merged?.at(-1);
  if (labels !== undefined && typeof last === 'number' && last !== labels.length) {
    throw badOption(
      `Option outputs["${node}"].labels has ${labels.length} labels, but the last axis of ${showShape(merged)} has ${last} values.`,
    );
  }
  return { dtype, shape: merged, node, ...(labels && { labels }), ...(values && { values }) };
}

/** Axes that follow a padded length are open, whatever the signature says. */
function withLengthAxes(spec: OutputSpec, lengthAxes: readonly number[]): OutputSpec {
  if (lengthAxes.length === 0) return spec;
  const shape = spec.shape?.map((dim, axis) => (lengthAxes.includes(axis) ? null : dim)) ?? null;
  return { ...spec, shape, lengthAxes };
}

/** A size that the run contradicts is open, whatever the signature says. */
function mergeShapes(declared: readonly Dim[] | null, seen: readonly number[]): readonly Dim[] | null {
  if (declared === null || declared.length !== seen.length) return null;
  return declared.map((dim, axis) => (dim === seen[axis] ? dim : null));
}

/** Without a declaration, what was seen holds only for a graph whose sizes do not depend on its inputs. */
function guessShape(seen: readonly number[], isFixed: boolean, isBatched: boolean): readonly Dim[] {
  return seen.map((dim, axis) => (isFixed && !(isBatched && axis === 0) ? dim : null));
}

/** Kernels that the graph calls and a backend lacks. */
function missingKernels(calls: readonly KernelCall[]): Record<string, string[]> {
  const called = [...new Set(calls.map(({ name }) => name))].sort();
  const missing = Object.entries(KERNELS).map(([backend, kernels]): [string, string[]] => [
    backend,
    called.filter((name) => !kernels.has(name)),
  ]);
  return Object.fromEntries(missing.filter(([, names]) => names.length > 0));
}

/** The file's name, or its folder's where it is just `model.json`. */
export function defaultName(model: string): string {
  const name = basename(model).replace(/\.json$/, '');
  return name === 'model' ? basename(dirname(resolve(model))) || name : name;
}
