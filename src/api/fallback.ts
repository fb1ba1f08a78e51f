/** What answers where no backend can: a function of the app's own, most often a call of its server. Types only. */

import type { DType } from '../base/dtype.js';
import type { PlatformAbortSignal } from '../base/platform.js';
import type { AnyInputs, AnyOutputs, Signature, Tensor } from '../manifest/signature.js';

/** An output's values: an array, whose shape is the signature's, or a tensor, which settles open sizes. Copied when they come. */
export type FallbackValues =
  | ArrayLike<number | boolean>
  | {
      readonly data: ArrayLike<number | boolean>;
      readonly shape?: readonly number[];
      readonly dtype?: DType;
    };

/** Values of every output by name; those that a call did not ask for may be anything. */
export type FallbackOutputs<O = AnyOutputs> = { readonly [Name in keyof O]: FallbackValues };

/** One call, besides its inputs. */
export interface FallbackRequest {
  /** The packed model's name. */
  readonly model: string;
  readonly signature: Signature;
  /** Names of the outputs that the call wants. */
  readonly outputs: readonly string[];
  /** Aborts with the call, past its deadline, and when the model is disposed. */
  readonly signal: PlatformAbortSignal;
  /**
   * Every input as the graph would take it, by name: pictures as numbers, rows encoded, lengths padded.
   * Made at the first call, on this thread; the arrays are yours.
   */
  tensors(): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * Answers a call that no backend can.
 * @param inputs the very object that predict was given
 * @returns values of every wanted output; what does not fit the signature rejects the call with `fallback`
 */
export type Fallback<I = AnyInputs, O = AnyOutputs> = (inputs: I, request: FallbackRequest) => Promise<FallbackOutputs<O>>;
