/** Tensors in the memory of a module. */
import { sizeOf } from '../../base/dtype.js';
import { isFloat } from '../../graph/element-type.js';
import type { CompiledPlan, PlacedTensor } from './plan.js';

/** The elements of a tensor. */
export type View = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Finds a tensor in memory, which never grows, so that the view stays right. */
export const viewOf = ({ buffer }: WebAssembly.Memory, { arenaAddress }: CompiledPlan, { dataType, shape, offset }: PlacedTensor): View =>
  new (isFloat(dataType) ? Float32Array : Int32Array)(buffer, arenaAddress + offset, sizeOf(shape));
