/** Drift: whether the model is as sure of its answers in use as it was of the samples that it was packed with. */

import type { DriftStats } from '../api/model.js';
import type { Manifest } from '../manifest/manifest.js';
import type { AnyOutputs, ValueKind } from '../manifest/signature.js';
import type { ServedModel } from '../runtime/served-model.js';
import { answersOf, binOf, ENOUGH_ANSWERS, stabilityIndex, topScores } from './scores.js';

export class ScoreDrift {
  readonly #expected: NonNullable<Manifest['drift']>;
  readonly #values: ValueKind | undefined;
  readonly #counts: number[];
  #answers = 0;

  constructor(expected: NonNullable<Manifest['drift']>, values: ValueKind | undefined) {
    this.#expected = expected;
    this.#values = values;
    this.#counts = expected.counts.map(() => 0);
  }

  /** Counts an answer, unless the output was not read. */
  add(outputs: AnyOutputs): void {
    const { output, edges } = this.#expected;
    const tensor = outputs[output];
    if (tensor === undefined) return;
    const scores = topScores(tensor, this.#values);
    this.#answers += answersOf(tensor, scores);
    for (const score of scores) {
      const bin = binOf(score, edges);
      this.#counts[bin] = (this.#counts[bin] as number) + 1;
    }
  }

  read(): DriftStats {
    const { edges, counts: expected, answers } = this.#expected;
    const counts = [...this.#counts];
    const count = counts.reduce((sum, each) => sum + each, 0);
    return {
      ...{ count, answers: this.#answers, edges: [...edges], counts, expected: [...expected] },
      // Of too few on either side it would say drift where there is none.
      index: Math.min(this.#answers, answers) < ENOUGH_ANSWERS ? undefined : stabilityIndex(expected, counts),
    };
  }
}

/** What watches a model's answers; a note where it was packed without anything to compare them with. */
export function watchDrift(opened: ServedModel): ScoreDrift | undefined {
  const { drift, signature, name } = opened.manifest;
  if (drift !== undefined) return new ScoreDrift(drift, signature.outputs[drift.output]?.values);
  // Handles on one model have its notes in common.
  if (!opened.notes.all.some(({ code }) => code === 'drift-unknown'))
    opened.notes.add('drift-unknown', `Model "${name}" was packed without the option drift: there are no scores to compare with.`);
  return undefined;
}
