/** Writes matrix products. */
import { isFloat } from '../../graph/element-type.js';
import { isSameSize, type Size } from '../../graph/size.js';
import type { Call } from './write-call.js';
import { fused } from './write-fuse.js';
import type { WrittenTensor } from './write-graph-def.js';
import { reshaped, tiled } from './write-shape.js';

export function matmul(call: Call<'matmul'>): WrittenTensor {
  const { dataType } = call.type();
  const [a, b] = [0, 1].map((index) => repeated(call, index)) as [WrittenTensor, WrittenTensor];
  if (isFloat(dataType)) return product(call, a, b);
  // TF.js on wasm multiplies matrices of float32 alone, which holds whole numbers up to 2^24.
  throw call.refused('multiplies matrices of whole numbers in float32');
}

function product(call: Call<'matmul'>, a: WrittenTensor, b: WrittenTensor): WrittenTensor {
  const { shape } = call.outputType();
  const bias = call.fusion?.bias;
  if (bias === undefined) return call.add(shape.length === 2 ? 'MatMul' : 'BatchMatMulV2', [a, b]);
  // A bias is a constant, so that the number of columns is known.
  const columns = shape[1] as number;
  return fused(call, '_FusedMatMul', [a, b], call.tensor(bias, [columns]), columns, {});
}

/** An input with the axes before its matrices as the product has them: where both inputs repeat some, TF.js (4.22) takes wrong ones. */
function repeated(call: Call<'matmul'>, index: number): WrittenTensor {
  const { shape } = call.type(index);
  const batch = call.outputType().shape.slice(0, -2);
  const missing = batch.length + 2 - shape.length;
  const filled: readonly Size[] = [...Array<number>(missing).fill(1), ...shape];
  const repetitions = filled.map((size, axis) =>
    axis >= batch.length || isSameSize(size, batch[axis] as Size) ? 1 : (batch[axis] as Size),
  );
  const tensor = missing === 0 ? call.input(index) : reshaped(call, call.input(index), filled);
  return repetitions.every((each) => each === 1) ? tensor : tiled(call, tensor, filled, repetitions);
}
