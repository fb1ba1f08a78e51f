/** One of the 41 models before and after the passes, in Node: its nodes, its answers, and its kernel calls on wasm. */
import { readFileSync } from 'node:fs';
import type { Engine, Session } from '../../src/engines/engine.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { profileRun } from '../../src/engines/tfjs/profile.js';
import { start } from '../../src/engines/tfjs/wasm.js';
import { KERNELS } from '../../src/formats/tfjs/tfjs-table.js';
import { runAgain } from '../../src/pack/golden/difference.js';
import type { Sampling } from '../../src/pack/golden/sampling.js';
import type { PackOptions } from '../../src/pack/options.js';
import { planModel } from '../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import type { Feed } from '../../src/preprocess/feed.js';
import { toTensor } from '../../src/preprocess/resize.js';

/** A graph as TF.js opens it, with the first golden sample's inputs. */
export interface Runnable {
  readonly graph: Uint8Array;
  readonly weights: readonly Uint8Array[];
  readonly controlFlow: boolean;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly string[];
}

/** Something before the passes, and after them. */
type Both<T> = { readonly before: T; readonly after: T };

export interface Measured {
  readonly nodes: Both<number>;
  /** Of all constants, as they are stored. */
  readonly weightBytes: Both<number>;
  readonly kernelCalls: Both<number>;
  /** How often each pass found its pattern. */
  readonly rewrites: Readonly<Record<string, number>>;
  readonly passesMs: number;
  /** How far an output is off, as a share of its largest value. */
  readonly difference: number;
}

export async function measure(
  options: Omit<PackOptions, 'out'>,
): Promise<{ readonly measured: Measured; readonly runnables: Both<Runnable> }> {
  const { read, plans, signature, samplingOf } = await planModel(options);
  const startMs = performance.now();
  const { graph, rewrites } = runPasses(read.graph, PORTABLE_PASSES);
  const passesMs = Math.round(performance.now() - startMs);
  const [before, after] = [samplingOf(read.graph), samplingOf(graph)];
  const original = await before.open(before.weights, (runner) => before.sample(runner, plans));
  const { share, problem } = rewrites.length === 0 ? { share: 0, problem: undefined } : await runAgain(original, after);
  if (problem !== undefined && !Number.isFinite(share)) throw new Error(problem);
  const outputs = signature.outputs.map(({ name }) => name);
  const feeds = original.feeds.map(asTensor);
  const runnables = { before: runnableOf(before, feeds, outputs), after: runnableOf(after, feeds, outputs) };
  const found = rewrites.map(({ pass }) => pass);
  const measured = {
    nodes: { before: read.graph.nodes.length, after: graph.nodes.length },
    weightBytes: { before: bytesOf(before), after: bytesOf(after) },
    kernelCalls: { before: await callsOf(runnables.before), after: await callsOf(runnables.after) },
    rewrites: Object.fromEntries([...new Set(found)].map((pass) => [pass, found.filter((each) => each === pass).length])),
    ...{ passesMs, difference: share },
  };
  return { measured, runnables };
}

const bytesOf = ({ weights }: Sampling): number => weights.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** A feed in memory, which a page takes as JSON. */
function asTensor(feed: Feed): Feed {
  if (feed.kind === 'tensor') return feed;
  const { name, dtype, shape, picture, image, map } = feed;
  return { kind: 'tensor', name, dtype, shape, data: toTensor(picture as never, image, dtype, map) };
}

function runnableOf(sampling: Sampling, feeds: readonly Feed[], outputs: readonly string[]): Runnable {
  const { tfjs, shards, controlFlow } = sampling.filesOf(sampling.weights);
  return { graph: tfjs.bytes, weights: shards.map(({ bytes }) => bytes), controlFlow, feeds, outputs };
}

let engine: Promise<Engine> | undefined;

/** The kernels of wasm that one run calls. */
async function callsOf({ graph, weights, controlFlow, feeds, outputs }: Runnable): Promise<number> {
  engine ??= start({ binary: new Uint8Array(readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`)).buffer });
  const copy = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;
  const session: Session = await (await engine).open({ name: 'counted', graph: copy(graph), weights: weights.map(copy), controlFlow });
  try {
    const { kernels } = await profileRun(session, feeds, outputs);
    return kernels.filter(({ name }) => KERNELS['wasm']?.has(name)).length;
  } finally {
    session.dispose();
  }
}
