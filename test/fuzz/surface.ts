/** One place where what strangers made comes in: what may arrive there, and what becomes of it. */
import type fc from 'fast-check';
import { PannierError } from '../../src/base/errors.js';

/** What became of one input. `accepted` means that what goes on with it was tried too. */
export type Outcome = 'accepted' | 'refused';

export interface Surface<Input = unknown> {
  readonly name: string;
  /** How many of a thousand inputs are for it. */
  readonly share: number;
  readonly inputs: fc.Arbitrary<Input>;
  /** The most bytes by which an input may raise the peak of the process; default: what the process may take in all. */
  maxBytes?(input: Input): number;
  /** Throws where anything else came out of it than an answer or a PannierError. */
  feed(input: Input): Promise<Outcome>;
}

/** A surface, whatever its inputs are. */
export const surface = <Input>(given: Surface<Input>): Surface => given as Surface;

/** Does a step that may be refused, by a PannierError and by nothing else. */
export async function refusable(step: () => unknown): Promise<Outcome> {
  try {
    await step();
    return 'accepted';
  } catch (thrown) {
    if (thrown instanceof PannierError) return 'refused';
    throw thrown;
  }
}

/** Like {@link refusable}, for messages that a terminal prints as one line. */
export const refusableInOneLine = (step: () => unknown): Promise<Outcome> =>
  refusable(async () => {
    try {
      await step();
    } catch (thrown) {
      if (thrown instanceof PannierError && /[\p{Cc}\p{Zl}\p{Zp}]/u.test(thrown.message))
        throw new Error(`No single line: ${thrown.message}`);
      throw thrown;
    }
  });
