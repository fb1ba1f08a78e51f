/** The form of the reference's functions: one for each op. */
import type { OpAttributes, OpName } from '../../graph/ops/index.js';
import type { OpenSize } from '../../graph/size.js';
import type { Tensor } from '../../graph/tensor.js';

/** An attribute whose open sizes have become numbers. */
type Closed<T> = T extends OpenSize ? number : T extends readonly (infer Item)[] ? readonly Closed<Item>[] : T;

/** The attributes of an op as its kernel gets them. */
export type KernelAttributes<Name extends OpName> = { readonly [Key in keyof OpAttributes[Name]]: Closed<OpAttributes[Name][Key]> };

/** One call of a kernel. */
export interface KernelCall<Name extends OpName> {
  /** In the order of the op's definition; undefined where an optional one is absent. Kernels do not change them. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: KernelAttributes<Name>;
  /** The shapes of the outputs, as the op's definition infers them; undefined where a shape depends on values. */
  readonly shapes: readonly (readonly number[] | undefined)[];
}

/**
 * Computes one op: sums in float64, floats rounded to float32 once per op, exact whole numbers, booleans 0 or 1. An output may share
 * an input's values, since no kernel changes its inputs. The interpreter rounds float16, and refuses int64 that is not exact.
 * @throws {RangeError} with the rest of a sentence, such as `takes index 7 of an axis of 5`, for values that the op does not allow
 */
export type Kernel<Name extends OpName> = (call: KernelCall<Name>) => readonly Tensor[];

/** A kernel for each of some ops. */
export type Kernels<Names extends OpName> = { readonly [Name in Names]: Kernel<Name> };
