/** Files of a model, and values for its inputs, in a benchmark's page. */
import { sizeOf } from '../../src/base/dtype.js';
import type { Feed } from '../../src/preprocess/feed.js';
import type { dataOf } from './data-of.js';

export const fetched = async (path: string): Promise<ArrayBuffer> => (await fetch(path)).arrayBuffer();

/** Makes up inputs that are the same in each run. */
export const feedsFor = ({ inputs }: ReturnType<typeof dataOf>['about']): readonly Feed[] =>
  inputs.map(({ name, shape, isFloat }) => {
    const values = Array.from({ length: sizeOf(shape) }, (_, index) => (isFloat ? ((index * 7919) % 1000) / 1000 : (index * 7919) % 256));
    const tensor = isFloat
      ? ({ dtype: 'float32', data: Float32Array.from(values) } as const)
      : ({ dtype: 'int32', data: Int32Array.from(values) } as const);
    return { kind: 'tensor', name, shape, ...tensor };
  });
