/** The text that a recogniser means: one label for each step along a line, with repetitions and blanks (connectionist temporal classification). */
import type { LabelledTensor } from 'pannier';

export interface Text {
  readonly text: string;
  /** The mean probability of its characters, 0 where there is none. */
  readonly score: number;
}

/** The label of a step that stands for no character. */
const BLANK = '';

/**
 * Decodes the first line of a batch: the likeliest label of each step, of which those that repeat the step before count once.
 * @param characters probabilities of [batch, steps, labels]
 */
export function decode({ data, labels }: Pick<LabelledTensor<string, 'float32'>, 'data' | 'labels'>): Text {
  let [text, sum, count, last] = ['', 0, 0, BLANK];
  for (let step = 0; step < data.length; step += labels.length) {
    const scores = data.subarray(step, step + labels.length);
    const best = scores.reduce((most, score, index) => (score > (scores[most] as number) ? index : most), 0);
    const label = labels[best] as string;
    if (label !== BLANK && label !== last) {
      text += label;
      sum += scores[best] as number;
      count++;
    }
    last = label;
  }
  return { text, score: count === 0 ? 0 : sum / count };
}
