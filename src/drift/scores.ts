/** How sure a model was: top scores in a histogram, when it was packed and in use, and how far two of these are apart. */
import type { Tensor, ValueKind } from '../manifest/signature.js';

/** The edges between bins; bins are narrower towards 1, where most top scores are. */
export const SCORE_EDGES: readonly number[] = [0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99];

/**
 * Answers that both histograms should be of. Where nothing has changed, the index of n and m scores in b bins is
 * (b − 1) × (1/n + 1/m) on average: 0.07 of 200 each, and hardly ever 0.25.
 */
export const ENOUGH_ANSWERS = 200;

/** Values of one answer that are looked at: detectors have a hundred thousand, and each costs an exponential. */
const VALUES = 4_096;

/**
 * The highest score of each row of a tensor of shape [..., classes], as `topK` has them: `logits` go through a softmax.
 * A tensor of more than {@link VALUES} values is sampled by rows at even distances. A row of NaN has no top score.
 */
export function topScores({ data, shape }: Pick<Tensor, 'data' | 'shape'>, values: ValueKind | undefined): number[] {
  const classes = shape.at(-1) ?? 1;
  const rows = classes === 0 ? 0 : data.length / classes;
  const taken = Math.min(rows, Math.max(1, Math.floor(VALUES / classes)));
  const scores: number[] = [];
  for (let index = 0; index < taken; index++) {
    const start = Math.floor((index * rows) / taken) * classes;
    let top = Number.NEGATIVE_INFINITY;
    for (let at = start; at < start + classes; at++) if ((data[at] as number) > top) top = data[at] as number;
    if (values === 'logits') {
      let total = 0;
      for (let at = start; at < start + classes; at++) {
        const share = Math.exp((data[at] as number) - top);
        if (!Number.isNaN(share)) total += share;
      }
      top = 1 / total;
    }
    if (Number.isFinite(top)) scores.push(top);
  }
  return scores;
}

/**
 * The number of answers behind these scores: the size of the tensor's first axis, which counts the pictures or rows of a
 * batch. A detector's thousand boxes, a mask's pixels and a text's words are one answer.
 */
export const answersOf = ({ shape }: Pick<Tensor, 'shape'>, scores: readonly number[]): number => Math.min(scores.length, shape[0] ?? 1);

/** Which bin a score falls into; an edge belongs to the bin above it. */
export const binOf = (score: number, edges: readonly number[]): number => edges.filter((edge) => score >= edge).length;

/**
 * The population stability index: Σ (a − e) × ln(a / e) over the bins' shares in use (a) and expected (e), with half a
 * score added to every bin, since an empty one would make it infinite.
 */
export function stabilityIndex(expected: readonly number[], counts: readonly number[]): number {
  const shares = (bins: readonly number[]) => {
    const total = bins.reduce((sum, count) => sum + count + 0.5, 0);
    return bins.map((count) => (count + 0.5) / total);
  };
  const [before, now] = [shares(expected), shares(counts)];
  return now.reduce((sum, share, bin) => sum + (share - (before[bin] as number)) * Math.log(share / (before[bin] as number)), 0);
}
