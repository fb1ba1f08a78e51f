/** The app's own function that answers if no backend can, most often by asking a server. Types only. */

import type { DType } from '../base/dtype.js';
import type { PlatformAbortSignal } from '../base/platform.js';
import type { AnyInputs, AnyOutputs, Signature, Tensor } from '../manifest/signature.js';

/** The values of an output: an array with the signature's shape, or a tensor whose shape gives the open sizes. They are copied. */
export type FallbackValues =
  | ArrayLike<number | boolean>
  | {
      readonly data: ArrayLike<number | boolean>;
      readonly shape?: readonly number[];
      readonly dtype?: DType;
    };

/** Values of every output by name; outputs that the call does not want are ignored. */
export type FallbackOutputs<O = AnyOutputs> = { readonly [Name in keyof O]: FallbackValues };

/** A call, except for its inputs. */
export interface FallbackRequest {
  /** The packed model's name. */
  readonly model: string;
  readonly signature: Signature;
  /** Names of the outputs that the call wants. */
  readonly outputs: readonly string[];
  /** Aborts when the call is aborted, its deadline passes, or the model is disposed. */
  readonly signal: PlatformAbortSignal;
  /**
   * Every input as the graph would take it, by name: pictures as numbers, rows encoded, lengths padded. The tensors are
   * made on this thread when the function is first called, and belong to the caller.
   */
  tensors(): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * Answers a call that no backend can.
 * @param inputs the object that was passed to `predict`
 * @returns values of every wanted output; values that do not fit the signature reject the call with `fallback`
 */
export type Fallback<I = AnyInputs, O = AnyOutputs> = (inputs: I, request: FallbackRequest) => Promise<FallbackOutputs<O>>;
