/** A model's constants and values for its inputs, in a benchmark's page. */
import type { Tensor } from '../../src/graph/tensor.js';
import type { dataOf } from './data-of.js';

export const fetched = async (path: string): Promise<ArrayBuffer> => (await fetch(path)).arrayBuffer();

/** Fetches the constants of a model, and makes up inputs that are the same in each run. */
export async function fetchedData(name: string, about: ReturnType<typeof dataOf>['about']) {
  const weights = new Float64Array(await fetched(`/${name}/weights.bin`));
  let offset = 0;
  const constants = new Map<string, Tensor>();
  for (const { name: constant, dataType, shape, length } of about.constants) {
    constants.set(constant, { dataType, shape, data: weights.subarray(offset, offset + length) as never });
    offset += length;
  }
  const feeds = new Map<string, Tensor>();
  for (const { name: input, dataType, shape, isFloat } of about.inputs) {
    const length = shape.reduce((product: number, size) => product * (size as number), 1);
    const values = Array.from({ length }, (_, index) => (isFloat ? ((index * 7919) % 1000) / 1000 : (index * 7919) % 256));
    feeds.set(input, { dataType, shape: shape as number[], data: isFloat ? Float32Array.from(values) : Int32Array.from(values) });
  }
  return { constants, feeds };
}
