/** Engines in Node run the tests that are right on the reference. */
import { readFileSync } from 'node:fs';
import { PannierError } from '../../../src/base/errors.js';
import type { Engine } from '../../../src/engines/engine.js';
import { WASM_BINARY } from '../../../src/engines/registry.js';
import { start } from '../../../src/engines/tfjs/wasm.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { compiledAnswers } from '../../compiled/compiled.js';
import { asTfjs } from '../../kernels/noise.js';
import { answersOn, modelOf } from '../../kernels/run.js';
import { problemOf, type Trial } from './outcome.js';

/** The engines, each with its answers to a test. */
export const ENGINES = { wasm: onTfjs, compiled: (trial: Trial) => compiledAnswers(trial.graph, trial.fed, 'simd') } as const;
export type EngineName = keyof typeof ENGINES;

/** `refused`: the writer says that TF.js cannot compute it. */
export type EngineVerdict = { readonly kind: 'right' } | { readonly kind: 'refused' | 'wrong'; readonly reason: string };

let started: Promise<Engine> | undefined;

/** The answers of TF.js's wasm backend, for which whole numbers of every type are int32. */
async function onTfjs({ graph, fed }: Trial): Promise<readonly Tensor[]> {
  const model = modelOf(graph);
  const binary = readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`);
  started ??= start({ binary: new Uint8Array(binary).buffer });
  const feeds = Object.fromEntries([...fed].map(([name, tensor]) => [name, asTfjs(tensor)]));
  const outputs = await answersOn(await started, model, feeds);
  return outputs.map(({ dtype, shape, data }) => ({ dataType: dtype, shape, data }));
}

/** Judges an engine's answers to a test. Never rejects. */
export async function verdictOf(engine: EngineName, trial: Trial): Promise<EngineVerdict> {
  try {
    const isTfjs = engine === 'wasm';
    const answers = await ENGINES[engine](trial);
    const wanted = isTfjs ? trial.wanted.map((each) => each && asTfjs(each)) : trial.wanted;
    const reason = problemOf({ ...trial, wanted }, answers);
    return reason === undefined ? { kind: 'right' } : { kind: 'wrong', reason };
  } catch (thrown) {
    const isRefusal = thrown instanceof PannierError && thrown.code === 'model-format';
    return { kind: isRefusal ? 'refused' : 'wrong', reason: (thrown as Error).message };
  }
}
