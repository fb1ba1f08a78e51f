/**
 * LiteRT.js on wasm with as many threads as `?threads=` says. The input's tensor is made once and filled for each run, which
 * spares an allocation; its outputs are new tensors, copied out and deleted, as its README has it.
 */
import { getGlobalLiteRt, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { fetched } from '../fetched-data.js';
import type { Open } from './library.js';

const threads = Number(new URL(import.meta.url).searchParams.get('threads'));

const { liteRtWasm } = await loadLiteRt('/litert/', { threads: threads > 1 });

export const open: Open = async ({ file, inputs }) => {
  const bytes = new Uint8Array(await fetched(file as string));
  const model = await loadAndCompile(bytes, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
  const tensors = inputs.map(({ shape, data }) => new Tensor(data as Float32Array, [...shape]));
  const fill = ({ liteRtTensorBuffer }: Tensor, { buffer, byteOffset, byteLength }: Float32Array): void => {
    const address = liteRtTensorBuffer.lock(liteRtWasm.LiteRtTensorBufferLockMode.WRITE);
    getGlobalLiteRt().liteRtWasm.HEAPU8.set(new Uint8Array(buffer, byteOffset, byteLength), address);
    liteRtTensorBuffer.unlock();
  };
  return {
    async run() {
      for (const [index, tensor] of tensors.entries()) fill(tensor, inputs[index]?.data as Float32Array);
      const outputs = await model.run(tensors);
      return outputs.map((output) => {
        const values = { shape: [...output.type.layout.dimensions], data: output.toTypedArray() };
        output.delete();
        return values;
      });
    },
    close() {
      for (const tensor of tensors) tensor.delete();
      model.delete();
    },
  };
};
