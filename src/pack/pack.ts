/** The order of packing: read, check, name, run, store, write. Nothing is written before all of it went well. */
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Asset, type InputSpec, MANIFEST_FORMAT, type Manifest, type OutputSpec } from '../manifest/manifest.js';
import { checkOptions } from './check-options.js';
import { readChecks } from './checks/checks.js';
import { runChecks } from './checks/run-checks.js';
import { expandedBytes, type Weight } from './files/weights.js';
import { planGolden } from './golden/golden.js';
import { observePadding } from './golden/padding.js';
import { readPicture } from './golden/picture.js';
import { type Sampling, samplingOf } from './golden/sampling.js';
import { settleInputs } from './inputs/inputs.js';
import { outputSpecs } from './inputs/outputs.js';
import { countFlops } from './model/flops.js';
import { readGraph } from './model/graph.js';
import { missingKernels } from './model/kernels.js';
import { readModel } from './model/read.js';
import { readSignature } from './model/signature.js';
import { type DriftOptions, type PackOptions, plainCopy } from './options.js';
import { modelDts, modelJs } from './out/codegen.js';
import { hashManifest } from './out/manifest.js';
import { hashedFile, type PackedFile } from './out/shards.js';
import { checkFiles, refuseSource, writeFiles } from './out/write.js';
import { countScores, scoredOutput } from './samples/score-counts.js';
import { checkBytes, checkFlops } from './weights/budget.js';
import { storeWeights } from './weights/stored.js';

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
  const inputs = settleInputs(signature.inputs, (warning) => warnings.push(warning));
  const specs = Object.fromEntries(inputs.map(({ name, spec }) => [name, spec]));
  const outputNames = signature.outputs.map(({ name }) => name);
  const checks = await readChecks(options.golden ?? [], specs, outputNames);

  const plan = planGolden(inputs, await readPicture(options.goldenPicture));
  const sampling = samplingOf(parts, graph, signature, specs, plan);
  const original = await sampling.open(parts.weights, async (runner) => {
    const sampled = await sampling.sample(runner);
    const { lengthAxes, warnings: told } = await observePadding(runner, inputs, plan, sampled.answers);
    warnings.push(...(await runChecks(runner, checks, lengthAxes)), ...told);
    return { ...sampled, lengthAxes };
  });
  checkFlops(options.budget?.mflop, original.kernels);
  const stored = await storeWeights(parts.weights, options, sampling, original);
  warnings.push(...stored.warnings, ...Object.entries(stored.golden.skipped).map(unchecked));
  const { lengthAxes, kernels, peakBytes } = original;
  const { controlFlow } = sampling;
  const outputs = outputSpecs(signature, { answers: stored.answers, lengthAxes, controlFlow });
  const scored = options.drift && (await scoreSamples(options.drift, sampling, stored.weights, specs, outputs, lengthAxes));
  warnings.push(...(scored?.warnings ?? []));

  const { graph: graphAsset, shards } = sampling.filesOf(stored.weights);
  const goldenAsset = hashedFile('golden', 'bin', stored.golden.bytes);
  const asset = ({ name, bytes, sha256 }: PackedFile): Asset => ({
    name,
    bytes: bytes.length,
    sha256,
    url: () => pathToFileURL(join(out, name)).href,
  });
  const { inputs: fed, outputs: expected, skipped } = stored.golden;
  const { name = defaultName(options.model), version = '0', license, source, packedAt, staleAfterDays } = options;
  const manifest = hashManifest({
    ...{ format: MANIFEST_FORMAT, name, version },
    ...(license !== undefined && { license }),
    ...(source !== undefined && { source }),
    ...(packedAt !== undefined && { packedAt }),
    ...(staleAfterDays !== undefined && { staleAfterDays }),
    signature: { inputs: specs, outputs },
    graph: asset(graphAsset),
    weights: shards.map(asset),
    golden: { asset: asset(goldenAsset), inputs: fed, outputs: expected, skipped },
    controlFlow,
    ops: graph.ops,
    flops: countFlops(kernels),
    missingKernels: missingKernels(kernels),
    largestWeightBytes: Math.max(0, ...parts.weights.map(expandedBytes)),
    residentBytes: parts.weights.reduce((sum, weight) => sum + expandedBytes(weight), 0),
    intermediateBytes: peakBytes,
    ...(scored && { drift: scored.drift }),
    ...(stored.quantized && { quantized: stored.quantized }),
  });

  const text = (source: string) => new TextEncoder().encode(source);
  const files = new Map([graphAsset, ...shards, goldenAsset].map((file) => [file.name, file.bytes]));
  files.set('model.d.ts', text(modelDts(manifest, parts.file))).set('model.js', text(modelJs(manifest, parts.file)));
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  checkBytes(options.budget?.bytes, bytes, stored.weights);
  if (options.check === true) await checkFiles(out, files);
  const changed = options.check === true ? false : await writeFiles(out, files);
  return { out, manifest, files: [...files.keys()].sort(), bytes, warnings, changed };
}

/** With the weights as they are stored: those are in use. */
async function scoreSamples(
  option: DriftOptions,
  sampling: Sampling,
  weights: readonly Weight[],
  inputs: Readonly<Record<string, InputSpec>>,
  outputs: Readonly<Record<string, OutputSpec>>,
  lengthAxes: Readonly<Record<string, readonly number[]>>,
): ReturnType<typeof countScores> {
  const scored = scoredOutput(option, outputs);
  return sampling.open(weights, (runner) => countScores(runner, option, scored, inputs, lengthAxes[scored.name] ?? []));
}

const unchecked = ([name, reason]: readonly [string, string]): string =>
  `Output "${name}" is not checked on backends: ${reason}. A golden picture of your own may help (goldenPicture: 'picture.png').`;

/** The file's name, or its folder's where it is just `model.json`. */
export function defaultName(model: string): string {
  const name = basename(model).replace(/\.json$/, '');
  return name === 'model' ? basename(dirname(resolve(model))) || name : name;
}
