/** Score drift: whether a model is as sure of its answers in use as it was of the samples that it was packed with. */
import type { Model, ModelEvents } from '../api/model.js';
import { PannierError } from '../base/errors.js';
import { infoOfModel } from './checks.js';
import { answersOf, binOf, ENOUGH_ANSWERS, stabilityIndex, topScores } from './scores.js';

/** The top scores of a model in use beside those of its samples. Plain values, to be sent anywhere. */
export interface DriftStats {
  /** Top scores counted so far: one for each row of the output, or fewer rows of an output of more than 4 096 values. */
  readonly count: number;
  /**
   * Answers that these scores come from. A batch of rows or pictures is as many answers; a detector's boxes, a mask's
   * pixels and a text's words are one answer, since they are alike.
   */
  readonly answers: number;
  /** Scores at which one bin ends and the next begins, ascending. */
  readonly edges: readonly number[];
  /** Top scores in each bin, one bin more than there are edges. Counts of several visitors may be added up. */
  readonly counts: readonly number[];
  /** Top scores of the samples in each bin. */
  readonly expected: readonly number[];
  /**
   * The population stability index of `counts` against `expected`; undefined below 200 answers here or of the
   * samples, since it would say little. The usual reading (N. Siddiqi, Credit Risk Scorecards, 2006): below 0.1
   * nothing to speak of, from 0.25 on a shift to act upon.
   */
  readonly index: number | undefined;
}

/** Counts the scores of one handle's predictions. */
export interface DriftWatch {
  /** The counts so far; a copy, which does not change later. */
  read(): DriftStats;
  /** Stops counting; `read` still works. A disposed model needs no disposed watch. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Counts how sure the model is of every prediction from now on, of this handle alone. Answers of the app's own
 * fallback are left out, since they say nothing of the model; so is a predict that does not read the counted output.
 * @param model as `loadModel` gives it, packed with the option `drift`
 * @throws {PannierError} `input` if it is no loaded model, `options` if it was packed without samples to compare with
 */
export function watchDrift(model: Pick<Model, 'name' | 'info' | 'addEventListener' | 'removeEventListener'>): DriftWatch {
  const { drift } = infoOfModel('watchDrift', model);
  if (drift === undefined) {
    const next = 'Pack it with drift: { samples }, which docs/staleness.md explains.';
    throw new PannierError('options', `Model "${model.name}" was packed without the option drift: no scores to compare with. ${next}`);
  }
  const { output, values, edges, counts: expected } = drift;
  const counts = expected.map(() => 0);
  let count = 0;
  let answers = 0;

  const onPrediction = ({ detail: { backend, outputs } }: { readonly detail: ModelEvents['prediction'] }): void => {
    const tensor = outputs[output];
    if (backend === 'fallback' || tensor === undefined) return;
    const scores = topScores(tensor, values);
    count += scores.length;
    answers += answersOf(tensor, scores);
    for (const score of scores) {
      const bin = binOf(score, edges);
      counts[bin] = (counts[bin] as number) + 1;
    }
  };
  const dispose = () => model.removeEventListener('prediction', onPrediction);
  model.addEventListener('prediction', onPrediction);
  return {
    read: () => ({
      ...{ count, answers, edges: [...edges], counts: [...counts], expected: [...expected] },
      // An index of too few answers on either side would tell of a drift that is chance.
      index: Math.min(answers, drift.answers) < ENOUGH_ANSWERS ? undefined : stabilityIndex(expected, counts),
    }),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
