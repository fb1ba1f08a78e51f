/** The order of packing: read, check, name, run, store, write. Nothing is written before all of it went well. */
import { basename, dirname, resolve } from 'node:path';
import { oneAtATime } from '../base/promise.js';
import { expandedBytes, type Weight } from '../formats/tfjs/weights.js';
import { type InputSpec, MANIFEST_FORMAT, type Manifest, type OutputSpec } from '../manifest/manifest.js';
import { PORTABLE_PASSES } from '../passes/portable-passes.js';
import { runPasses } from '../passes/run-passes.js';
import { checkOptions } from './check-options.js';
import { readChecks } from './checks/checks.js';
import { runChecks } from './checks/run-checks.js';
import { verifyOriginal } from './checks/verify.js';
import { archivePath } from './files/archive-path.js';
import { type Reads, recordReads } from './files/open.js';
import { goldenWarnings } from './golden/golden.js';
import { observePadding } from './golden/padding.js';
import type { Sampling } from './golden/sampling.js';
import { resolveLayouts } from './inputs/layouts.js';
import { namedSizes } from './inputs/named-sizes.js';
import { outputSpecs } from './inputs/outputs.js';
import { countFlops } from './model/cost.js';
import { countOps } from './model/ops.js';
import { type DriftOptions, type PackOptions, plainCopy } from './options.js';
import { modelDts, modelJs } from './out/codegen.js';
import { assetIn, digestOf, hashManifest, visitorBytes } from './out/manifest.js';
import { hashedFile } from './out/shards.js';
import { sizeNames } from './out/size-names.js';
import { refuseSource, writeFiles } from './out/write.js';
import { planModel } from './planned-model.js';
import type { PackResult } from './result.js';
import { countScores, scoredOutput } from './samples/score-counts.js';
import { holdToOriginal } from './simplify.js';
import { keptResult, type ResolvedPackOptions, readFolder, withStamp } from './stamp.js';
import { findTargets } from './targets.js';
import { checkBytes, checkFlops } from './weights/budget.js';
import { storeWeights } from './weights/stored.js';

/** Further options, for the command line and the plugins only. */
export interface Following {
  /** Hears what is done for which model as it begins, for example `running the golden sample`. */
  readonly onStep?: (model: string, step: string) => void;
  /** Gets every file that is read, with its SHA-256; also if packing fails. */
  readonly reads?: Reads;
}

/** TF.js has one profiler per process. */
const inTurn = oneAtATime();

/**
 * Packs one model into a typed folder that `loadModel` takes. The same input gives the same bytes. If the options, the
 * source files and the packer are those that `packed-from.json` in the folder names, nothing is run or written. A folder whose
 * source file is absent stays as it is, with a warning. Calls run one at a time.
 * @returns the manifest, the files and the warnings of the packed model
 * @throws {PannierError} `model-format` for a broken or unsupported model, `options` for an option, `budget` and
 * `golden-mismatch` for a model that is refused, `output-stale` if `check` finds the folder out of date. In all these cases no
 * file of the folder was touched.
 */
export const pack = (options: PackOptions): Promise<PackResult> => packIfStale(options);

/** Like {@link pack}, for callers that show what is done. */
export async function packIfStale(options: PackOptions, following: Following = {}): Promise<PackResult> {
  const given = plainCopy(options, 'What pack was given');
  return inTurn(async () => {
    const checked = resolvePackOptions(given);
    return keptResult(await readFolder(checked), checked.check) ?? packAnew(checked, following);
  });
}

/**
 * Checks options, and puts the name and absolute paths in place.
 * @throws {PannierError} `options`, naming the option
 */
export function resolvePackOptions(options: PackOptions): ResolvedPackOptions {
  checkOptions(options);
  const [model, out] = [resolve(options.model), resolve(options.out)];
  return { ...options, model, out, name: options.name ?? defaultName(model) };
}

/** Packs a model, whatever its folder holds. Two calls must not overlap. */
export async function packAnew(
  options: ResolvedPackOptions,
  { onStep = () => undefined, reads = new Map() }: Following,
): Promise<PackResult> {
  const { out, name, budget } = options;
  const begin = (step: string) => onStep(name, step);
  const { manifest, files, weights, taken, warnings } = await recordReads(reads, () => makeFiles(options, begin));
  const bytes = visitorBytes(files.values(), manifest);
  checkBytes(budget?.bytes, bytes, weights);
  begin('writing files');
  const changed = await writeFiles(out, await withStamp(files, options, reads, { manifest, taken, warnings }));
  return { out, manifest, files: [...files.keys()].sort(), bytes, taken, warnings, changed };
}

/** A packed model before it is written. The files are all but its stamp, by name. */
interface Made {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The weights as they are stored. */
  readonly weights: readonly Weight[];
  readonly taken: readonly string[];
  readonly warnings: readonly string[];
}

async function makeFiles(options: ResolvedPackOptions, begin: (step: string) => void): Promise<Made> {
  const { out, model, golden = [] } = options;

  begin('reading the model');
  const { read, signature, inputs, specs, plans, samplingOf, warnings: guesses } = await planModel(options, out);
  const warnings = [...guesses];
  await refuseSource(out, model);
  const simplified = samplingOf(runPasses(read.graph, PORTABLE_PASSES).graph);
  const { signature: placed } = simplified.filesOf(simplified.weights);
  const nodes = Object.fromEntries(placed.inputs.map(({ name, node }) => [name, node]));
  const outputNames = signature.outputs.map(({ name }) => name);
  const checks = await readChecks(golden, specs, outputNames);

  const asRead = samplingOf(read.graph);
  begin('running the golden sample');
  const original = await asRead.open(asRead.weights, async (runner) => {
    const sampled = await asRead.sample(runner, plans);
    const { lengthAxes, warnings: told } = await observePadding(runner, inputs, sampled.plan, sampled.answers);
    if (checks.length > 0) begin('comparing answers of the training framework');
    warnings.push(...sampled.warnings, ...(await runChecks({ runner, lengthAxes, nodes }, checks)), ...told);
    return { ...sampled, lengthAxes, cost: await runner.cost(sampled.feeds) };
  });
  if (options.verify === true) begin(`running the golden sample in ${read.tflite === undefined ? 'ONNX Runtime' : 'LiteRT.js'}`);
  const verified = options.verify === true ? await verifyOriginal(read, signature, original, out) : undefined;
  begin('running the golden sample with the simplified graph');
  const { sampling, cost, warnings: refusals } = await holdToOriginal(original, asRead, simplified);
  warnings.push(...refusals);
  checkFlops(options.budget?.mflop, cost);
  if (options.quantize !== undefined) begin('running the golden sample with quantised weights');
  const stored = await storeWeights(sampling.weights, options, sampling, original);
  warnings.push(...stored.warnings, ...goldenWarnings(stored.golden));
  const { lengthAxes } = original;
  const written = sampling.filesOf(stored.weights);
  const { graph: graphFile, shards, controlFlow } = written;
  const boxes = resolveLayouts(signature, specs, original.answers);
  warnings.push(...boxes.warnings);
  const outputs = outputSpecs(signature, { answers: stored.answers, lengthAxes, controlFlow, layouts: boxes.layouts });
  const running = { file: read.file, shards, controlFlow, inputs: specs, outputs };
  const toRun = { sizes: namedSizes(sampling.graph, inputs), model: running, files: written, golden: stored.golden, lacking: cost.refused };
  const found = await findTargets(toRun, begin, (file) => assetIn(out, file));
  warnings.push(...found.warnings);
  if (options.drift !== undefined) begin(`running the ${options.drift.samples.length} samples of drift`);
  const scored = options.drift && (await scoreSamples(options.drift, sampling, stored.weights, specs, outputs, lengthAxes));
  warnings.push(...(scored?.warnings ?? []));

  const goldenAsset = hashedFile('golden', 'bin', stored.golden.bytes);
  const { truth, samples, batch, skipped } = stored.golden;
  const { name, version = '0', license = read.hints?.license, source, packedAt, staleAfterDays } = options;
  const manifest = hashManifest({
    ...{ format: MANIFEST_FORMAT, name, version },
    ...(license !== undefined && { license }),
    ...(source !== undefined && { source }),
    ...(packedAt !== undefined && { packedAt }),
    ...(staleAfterDays !== undefined && { staleAfterDays }),
    signature: { inputs: specs, outputs },
    graph: digestOf(graphFile),
    weights: shards.map((shard) => assetIn(out, shard)),
    targets: found.targets,
    golden: { asset: assetIn(out, goldenAsset), truth, samples, ...(batch && { batch }), skipped },
    controlFlow,
    ops: countOps(sampling.graph),
    flops: countFlops(cost),
    largestWeightBytes: Math.max(0, ...sampling.weights.map(expandedBytes)),
    residentBytes: sampling.weights.reduce((sum, weight) => sum + expandedBytes(weight), 0),
    intermediateBytes: cost.peakBytes,
    ...(scored && { drift: scored.drift }),
    ...{ ...(stored.quantized && { quantized: stored.quantized }), ...(verified && { verified }) },
  });

  const text = (source: string) => new TextEncoder().encode(source);
  const files = new Map([graphFile, ...found.files, ...shards, goldenAsset].map((file) => [file.name, file.bytes]));
  files
    .set('model.d.ts', text(modelDts(manifest, read.file, sizeNames(read.graph, signature))))
    .set('model.js', text(modelJs(manifest, read.file)));
  return { manifest, files, weights: stored.weights, taken: [...(read.taken ?? []), ...signature.taken, ...boxes.taken], warnings };
}

/** Runs the samples with the weights as they are stored, since an app runs those. */
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

/** The name of the model file without its ending, such as `.onnx`; if that is `model`, the name of its folder. */
export function defaultName(model: string): string {
  const { archive, entry } = archivePath(model);
  const name = basename(entry ?? archive).replace(/\.(?:json|onnx|tflite|keras|h5|hdf5|zip)$/, '');
  return name === 'model' ? basename(dirname(resolve(model))) || name : name;
}
