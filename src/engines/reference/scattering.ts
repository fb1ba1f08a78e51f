/** The reference of ops that put elements in places that indices name. */
import { sizeOf } from '../../base/dtype.js';
import type { TensorData } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import { checkIndex, rowsOf } from './gathering.js';
import type { Kernel, KernelAttributes } from './kernel.js';
import { stridesOf } from './strided.js';

type Reduction = KernelAttributes<'scatterND'>['reduction'];

/** How what is there and what comes are combined. An array of whole numbers keeps the lowest bits of a sum; products are made so. */
const COMBINE: Readonly<Record<Reduction, (there: number, comes: number, isInt32: boolean) => number>> = {
  none: (_there, comes) => comes,
  add: (there, comes) => there + comes,
  mul: (there, comes, isInt32) => (isInt32 ? Math.imul(there, comes) : there * comes),
  max: (there, comes) => Math.max(there, comes),
  min: (there, comes) => Math.min(there, comes),
};

function put(data: TensorData, at: number, comes: number, reduction: Reduction): void {
  data[at] = COMBINE[reduction](data[at] as number, comes, data instanceof Int32Array);
}

export const scatterND: Kernel<'scatterND'> = ({ inputs, attributes: { reduction } }) => {
  const [input, indices, updates] = inputs as readonly [Tensor, Tensor, Tensor];
  const data = input.data.slice();
  const length = sizeOf(input.shape.slice(indices.shape.at(-1) as number));
  for (const [row, start] of rowsOf(indices, input.shape).entries())
    for (let each = 0; each < length; each++) put(data, start + each, updates.data[row * length + each] as number, reduction);
  return [{ ...input, data }];
};

export const scatterElements: Kernel<'scatterElements'> = ({ inputs, attributes: { axis, reduction } }) => {
  const [input, indices, updates] = inputs as readonly [Tensor, Tensor, Tensor];
  const data = input.data.slice();
  const own = stridesOf(indices.shape);
  const strides = stridesOf(input.shape);
  for (const [place, index] of indices.data.entries()) {
    let at = 0;
    for (const [each, step] of own.entries()) {
      const along = each === axis ? index : Math.floor(place / step) % (indices.shape[each] as number);
      at += checkIndex(along, input.shape[each] as number) * (strides[each] as number);
    }
    put(data, at, updates.data[place] as number, reduction);
  }
  return [{ ...input, data }];
};
