/** onnxruntime-web's build for wasm alone, with as many threads as `?threads=` says and all of its graph optimisations. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { fetched } from '../fetched-data.js';
import type { Input, Open } from './library.js';

env.wasm.numThreads = Number(new URL(import.meta.url).searchParams.get('threads'));
env.wasm.wasmPaths = '/onnxruntime/';

/** The level of its log at which it is silent about weights that no node uses. */
const ERROR = 3;

export const open: Open = async ({ file, inputs }) => {
  const session = await InferenceSession.create(await fetched(file as string), {
    ...{ executionProviders: ['wasm'], graphOptimizationLevel: 'all', logSeverityLevel: ERROR },
  });
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]));
  return {
    async run() {
      const outputs = await session.run(feeds);
      return session.outputNames
        .map((name) => outputs[name] as unknown as { dims: readonly number[]; data: Float32Array })
        .map(({ dims, data }) => ({ shape: dims, data }));
    },
    close: () => void session.release(),
  };
};

/** Whole numbers are int64 in these files. */
const tensorOf = ({ dataType, shape, data }: Input): Tensor =>
  dataType === 'float32'
    ? new Tensor('float32', data as Float32Array, shape)
    : new Tensor('int64', BigInt64Array.from(data as Int32Array, BigInt), shape);
