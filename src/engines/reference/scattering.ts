/** The reference of ops that put elements in places that indices name. */

import { sizeOf } from '../../base/dtype.js';
import { stridesOf } from '../../base/strided.js';
import { DATA_TYPES, isInteger } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import { checkIndex, rowsOf } from './gathering.js';
import type { Kernel, KernelAttributes } from './kernel.js';

type Reduction = KernelAttributes<'scatterND'>['reduction'];

/** What is there and what comes become one. */
type Combine = (there: number, comes: number) => number;

const COMBINE: Readonly<Record<Reduction, Combine>> = {
  none: (_there, comes) => comes,
  add: (there, comes) => there + comes,
  mul: (there, comes) => there * comes,
  max: (there, comes) => Math.max(there, comes),
  min: (there, comes) => Math.min(there, comes),
};

/** Sums and products of types of at most 32 bits keep their lowest bits. */
const COMBINE_WHOLE = { ...COMBINE, add: (there, comes) => (there + comes) | 0, mul: Math.imul } satisfies typeof COMBINE;

/**
 * A copy of a tensor with elements put in it. All is combined in float64 before it is rounded.
 * @param visit calls `put` for each element
 */
function withPut(
  { dataType, shape, data }: Tensor,
  reduction: Reduction,
  visit: (put: (at: number, comes: number) => void) => void,
): Tensor {
  const results = new Float64Array(data);
  const combine = (isInteger(dataType) && dataType !== 'int64' ? COMBINE_WHOLE : COMBINE)[reduction];
  visit((at, comes) => {
    results[at] = combine(results[at] as number, comes);
  });
  return { dataType, shape, data: new DATA_TYPES[dataType](results) };
}

export const scatterND: Kernel<'scatterND'> = ({ inputs, attributes: { reduction } }) => {
  const [input, indices, updates] = inputs as readonly [Tensor, Tensor, Tensor];
  const length = sizeOf(input.shape.slice(indices.shape.at(-1) as number));
  const starts = rowsOf(indices, input.shape);
  const output = withPut(input, reduction, (put) => {
    for (const [row, start] of starts.entries())
      for (let each = 0; each < length; each++) put(start + each, updates.data[row * length + each] as number);
  });
  return [output];
};

export const scatterElements: Kernel<'scatterElements'> = ({ inputs, attributes: { axis, reduction } }) => {
  const [input, indices, updates] = inputs as readonly [Tensor, Tensor, Tensor];
  const own = stridesOf(indices.shape);
  const strides = stridesOf(input.shape);
  const output = withPut(input, reduction, (put) => {
    for (const [place, index] of indices.data.entries()) {
      let at = 0;
      for (const [each, step] of own.entries()) {
        const along = each === axis ? index : Math.floor(place / step) % (indices.shape[each] as number);
        at += checkIndex(along, input.shape[each] as number) * (strides[each] as number);
      }
      put(at, updates.data[place] as number);
    }
  });
  return [output];
};
