/** Functions that JavaScript computes: rare ones, for which a model is not worth a kernel. */
import type { V128 } from '../asm/code.js';
import { callResult } from '../asm/function.js';
import { f32x4 } from '../asm/vector.js';
import type { HostFunction, Kernels } from './kernel.js';

/** Calls a function of `Math` for each of four numbers. */
export function hostFunction(kernels: Kernels, name: HostFunction, ...inputs: readonly V128[]): V128 {
  const of = (lane: number) => callResult('f32', kernels.hostFunction(name), ...inputs.map((each) => f32x4.extract(each, lane)));
  return [1, 2, 3].reduce((vector, lane) => f32x4.replace(vector, lane, of(lane)), f32x4.splat(of(0)));
}
