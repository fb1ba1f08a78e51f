/** Writes matrix products. */
import { sizeOf } from '../../../base/dtype.js';
import { isFloat } from '../../../graph/element-type.js';
import { product as count, isOpen, type Size } from '../../../graph/size.js';
import type { Call } from './call.js';
import { wrapped } from './elementwise.js';
import { fused } from './fuse.js';
import type { WrittenTensor } from './graph-def.js';
import { repeated, reshaped } from './shape.js';

export function matmul(call: Call<'matmul'>): WrittenTensor {
  if (!isFloat(call.type().dataType)) return ofWholeNumbers(call);
  if (call.type(1).shape.length === 2) return byOneMatrix(call);
  return call.add('BatchMatMulV2', [inStep(call, 0), inStep(call, 1)]);
}

/**
 * Multiplies all rows by one matrix at once, as layers of text do. BatchMatMulV2 would take the matrix once for each text, and adds no
 * bias: TF.js (4.22) multiplies and adds in one kernel where there are rows and columns alone.
 */
function byOneMatrix(call: Call<'matmul'>): WrittenTensor {
  const { shape } = call.outputType();
  const given = call.type(0).shape;
  if (shape.length === 2) return product(call, call.input(0));
  const rows = reshaped(call, call.input(0), [count(given.slice(0, -1)), given.at(-1) as Size]);
  return reshaped(call, product(call, rows), shape);
}

/** An input with the axes before its matrices as the product has them: where both inputs repeat some, TF.js (4.22) takes wrong ones. */
function inStep(call: Call<'matmul'>, index: number): WrittenTensor {
  const { shape } = call.type(index);
  return repeated(call, call.input(index), shape, [...call.outputType().shape.slice(0, -2), ...shape.slice(-2)]);
}

/** The most products that are made before they are added: of int32, 16 MB. */
const MAX_PRODUCTS = 2 ** 22;

/** TF.js (4.22) multiplies matrices in float32, which holds whole numbers up to 2^24: all products are made, and added. */
function ofWholeNumbers(call: Call<'matmul'>): WrittenTensor {
  const [a, b] = [call.type(0).shape, call.type(1).shape];
  const { dataType, shape } = call.outputType();
  const inner = a.at(-1) as Size;
  if (inner === 1) return wrapped(call, call.add('Mul', call.inputs), dataType);
  const known = [...shape, inner].filter((size): size is number => !isOpen(size));
  if (sizeOf(known) > MAX_PRODUCTS) throw call.refused('multiplies large matrices of whole numbers, which TF.js does in float32');
  // On webgpu, a tensor has six axes at most (TF.js 4.22), of which the products take one: the axes before the matrices become one.
  if (shape.length > 5) {
    const [batch, height, width] = [count(shape.slice(0, -2)), shape.at(-2) as Size, shape.at(-1) as Size];
    const left = reshaped(call, inStep(call, 0), [batch, height, inner, 1]);
    const right = reshaped(call, inStep(call, 1), [batch, 1, inner, width]);
    const sums = call.add('Sum', [call.add('Mul', [left, right]), call.parameters([2])]);
    return wrapped(call, reshaped(call, sums, shape), dataType);
  }
  const columns = reshaped(call, call.input(0), [...a, 1]);
  const rows = reshaped(call, call.input(1), b.toSpliced(-2, 0, 1));
  return wrapped(call, call.add('Sum', [call.add('Mul', [columns, rows]), call.parameters([shape.length - 1])]), dataType);
}

/** @param rows of the first input */
function product(call: Call<'matmul'>, rows: WrittenTensor): WrittenTensor {
  const both = [rows, call.input(1)] as const;
  const bias = call.fusion?.bias;
  if (bias === undefined) return call.add('MatMul', both);
  // A bias is a constant, so that the number of columns is known.
  const columns = call.outputType().shape.at(-1) as number;
  return fused(call, '_FusedMatMul', both, call.tensor(bias, [columns]), columns, {});
}
