/** One model, compiled as the packer compiles it, against the reference of its graph as read: in Node, with both builds. */
import { setFlagsFromString } from 'node:v8';
import { messageOf, PannierError } from '../../../src/base/errors.js';
import { isAllFinite } from '../../../src/base/finite.js';
import { compileModel } from '../../../src/engines/compiled/compile-model.js';
import type { Build } from '../../../src/engines/compiled/kernels/kernel.js';
import { hostOps } from '../../../src/engines/compiled/plan.js';
import { start } from '../../../src/engines/compiled/wasm.js';
import type { RawOutput } from '../../../src/engines/engine.js';
import { goldenFeeds } from '../../../src/golden/feeds.js';
import type { Answers } from '../../../src/pack/golden/golden.js';
import { openFiles } from '../../../src/pack/golden/open-files.js';
import type { Runner } from '../../../src/pack/golden/run.js';
import { namedSizes } from '../../../src/pack/inputs/named-sizes.js';
import type { PackOptions } from '../../../src/pack/options.js';
import { hashedFile } from '../../../src/pack/out/shards.js';
import { type PlannedModel, planModel } from '../../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../../src/passes/portable-passes.js';
import { runPasses } from '../../../src/passes/run-passes.js';
import type { Feed } from '../../../src/preprocess/feed.js';

/** Modules with relaxed SIMD run in Node, too, once its engine is told so. */
setFlagsFromString('--experimental-wasm-relaxed-simd');

const BUILDS: readonly Build[] = ['simd', 'relaxed'];

/** The distance of an output that is farthest off, as a share of the output's largest magnitude or of 1. */
interface Distance {
  readonly output: string;
  readonly share: number;
  /** How far the reference itself moves the output if the input moves by a millionth. */
  readonly nudged: number;
}

export interface Held {
  /** Why the compiler refuses the model; undefined if it is compiled. */
  readonly refused?: string;
  /** The ops that the host computes. */
  readonly hostOps?: readonly string[];
  readonly moduleBytes?: number;
  /** Milliseconds of one compilation. */
  readonly compileMs?: number;
  readonly arenaBytes?: number;
  /** The output that is farthest off in each build, of both golden samples at each shape. */
  readonly distances?: Readonly<Record<Build, Distance>>;
}

/** Compiles a model and runs its golden inputs. */
export async function hold(options: Omit<PackOptions, 'out'>): Promise<Held> {
  const planned = await planModel(options);
  const { read, samplingOf, signature, inputs } = planned;
  const sizes = namedSizes(read.graph, inputs);
  const simplified = samplingOf(runPasses(read.graph, PORTABLE_PASSES).graph);
  const files = simplified.filesOf(simplified.weights);
  const startMs = performance.now();
  const compiled = (() => {
    try {
      return compileModel(files.toCompile, 'simd', {}, sizes);
    } catch (thrown) {
      if (thrown instanceof PannierError) return messageOf(thrown);
      throw thrown;
    }
  })();
  const compileMs = Math.round(performance.now() - startMs);
  if (typeof compiled === 'string') return { refused: compiled };
  const { plan, bytes } = compiled;
  const asRead = samplingOf(read.graph);
  const runs: ReferenceRun[] = [];
  for (const each of atEachShape(options))
    runs.push(...(await asRead.open(asRead.weights, async (runner) => referenceRuns(await planModel(each), runner))));
  const distances = {} as Record<Build, Distance>;
  for (const build of BUILDS) {
    const engine = await start({});
    const graph = hashedFile('compiled', 'wasm', build === 'simd' ? bytes : compileModel(files.toCompile, build, {}, sizes).bytes);
    const session = await openFiles(engine, { ...files, file: read.file, graph });
    const names = signature.outputs.map(({ name }) => name);
    const all: Distance[] = [];
    for (const { feeds, wanted, nudged } of runs) {
      const { outputs } = await session.run({ feeds, outputs: names, deadlineMs: Number.POSITIVE_INFINITY });
      for (const [index, output] of names.entries())
        all.push({
          output,
          share: shareOff(wanted[output] as RawOutput, outputs[index] as RawOutput),
          nudged: shareOff(wanted[output] as RawOutput, nudged[output] as RawOutput),
        });
    }
    engine.dispose();
    distances[build] = all.reduce((worst, each) => (each.share > worst.share ? each : worst));
  }
  return { hostOps: hostOps(plan), moduleBytes: bytes.length, compileMs, arenaBytes: plan.arenaBytes, distances };
}

/** The options with each shape of the inputs as that of the golden samples. */
function atEachShape(options: Omit<PackOptions, 'out'>): readonly Omit<PackOptions, 'out'>[] {
  const inputs = Object.entries(options.inputs ?? {});
  const count = Math.max(1, ...inputs.map(([, { shapes = [] }]) => shapes.length));
  return Array.from({ length: count }, (_, index) => ({
    ...options,
    inputs: Object.fromEntries(
      inputs.map(([name, input]) => {
        const shape = input.shapes?.[index]?.map((size) => size ?? 1);
        return [name, shape === undefined ? input : { ...input, shape }];
      }),
    ),
  }));
}

interface ReferenceRun {
  readonly feeds: readonly Feed[];
  readonly wanted: Answers;
  readonly nudged: Answers;
}

/** The reference's answers to the golden samples of the first plan to which all answers are finite, as the packer takes it. */
async function referenceRuns({ plans, specs }: PlannedModel, runner: Runner): Promise<readonly ReferenceRun[]> {
  for (const [index, { samples, bytes }] of plans.entries()) {
    const runs: ReferenceRun[] = [];
    for (const inputs of samples) {
      const feeds = goldenFeeds(specs, { inputs }, new Uint8Array(bytes).buffer);
      const wanted = await runner.run(feeds);
      if (index < plans.length - 1 && !Object.values(wanted).every((each) => isAllFinite(each as RawOutput))) break;
      runs.push({ feeds, wanted, nudged: await runner.runNudged(feeds) });
    }
    if (runs.length === samples.length) return runs;
  }
  throw new Error('No plan of the golden samples has finite answers.');
}

/** The largest distance of a value, as a share of the largest magnitude or of 1; infinite where shapes or a NaN differ. */
function shareOff(wanted: RawOutput, got: RawOutput): number {
  if (String(wanted.shape) !== String(got.shape) || wanted.dtype !== got.dtype) return Number.POSITIVE_INFINITY;
  let [magnitude, farthest] = [1, 0];
  for (const [index, value] of wanted.data.entries()) {
    const other = got.data[index] as number;
    const off = Object.is(value, other) ? 0 : Math.abs(value - other);
    farthest = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(farthest, off);
    if (Number.isFinite(value)) magnitude = Math.max(magnitude, Math.abs(value));
  }
  return farthest / magnitude;
}
