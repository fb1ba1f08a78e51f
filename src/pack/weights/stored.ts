/** The weights as they will be stored: unchanged, or quantised and compared with the original ones. */

import type { Weight } from '../../formats/tfjs/weights.js';
import type { Manifest } from '../../manifest/manifest.js';
import type { Answers } from '../golden/golden.js';
import type { Sampled, Sampling } from '../golden/sampling.js';
import type { PackOptions } from '../options.js';
import { checkGoldenError } from './budget.js';
import { describeQuantized, quantize } from './quantize.js';

/** Weights and the outputs of the graph with them, with which backends must agree. */
export interface Stored {
  readonly weights: readonly Weight[];
  readonly answers: Answers;
  readonly golden: Sampled['golden'];
  readonly quantized?: NonNullable<Manifest['quantized']>;
  readonly warnings: readonly string[];
}

/**
 * Quantises weights if the options ask for it.
 * @param original the outputs with the weights of the file
 * @throws {PannierError} `options` for a pattern that matches no weight, `budget` if outputs move too far
 */
export async function storeWeights(
  before: readonly Weight[],
  options: Pick<PackOptions, 'quantize' | 'budget'>,
  sampling: Sampling,
  original: Sampled,
): Promise<Stored> {
  const kept = { weights: before, answers: original.answers, golden: original.golden, warnings: [] };
  if (options.quantize === undefined) return kept;
  const weights = quantize(before, options.quantize, sampling.channelAxes);
  if (weights.every((weight, index) => weight === before[index]))
    return {
      ...kept,
      warnings: [
        'Option quantize changes no weight: those it names are small, no float32, stored so already, hold values beyond that kind, or have no output channels, as int8 wants.',
      ],
    };
  const { answers, golden } = await sampling.open(weights, (runner) => sampling.sample(runner, [original.plan]));
  const maxError = await checkGoldenError(options.budget?.goldenError, {
    ...{ before, after: weights, golden: original.golden, original: original.answers, quantized: answers },
    ...{ feeds: original.feeds, open: sampling.open },
  });
  return { weights, answers, golden, quantized: { ...describeQuantized(before, weights), maxError }, warnings: [] };
}
