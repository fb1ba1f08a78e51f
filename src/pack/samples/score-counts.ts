/** Counts the top scores of the samples of the option `drift`, for the manifest. */

import { answersOf, binOf, ENOUGH_ANSWERS, SCORE_EDGES, topScores } from '../../drift/scores.js';
import type { RawOutput } from '../../engines/engine.js';
import type { InputSpec, Manifest, OutputSpec } from '../../manifest/manifest.js';
import { unpad } from '../../preprocess/pad.js';
import type { Runner } from '../golden/run.js';
import { badOption, type DriftOptions } from '../options.js';
import { feedsOf } from './feeds.js';
import { listed, readGiven } from './given.js';

/** The output whose scores are counted. */
export interface Scored {
  readonly name: string;
  readonly spec: OutputSpec;
}

/** Largest share of scores in one bin; the index compares bins, and a bin that holds nearly all scores hides a shift. */
const MAX_SHARE_OF_ONE_BIN = 0.9;

/** Rounding may bring a sigmoid slightly above 1. */
const ROUNDING = 1e-3;

/**
 * The output that an option names.
 * @throws {PannierError} `options` if it names no output, or one without scores
 */
export function scoredOutput({ output }: DriftOptions, outputs: Readonly<Record<string, OutputSpec>>): Scored {
  const names = Object.keys(outputs);
  if (output === undefined && names.length > 1)
    throw badOption(`Option drift does not say whose scores to count: the model gives ${listed(names)}. Say drift.output.`);
  const name = output ?? (names[0] as string);
  if (!Object.hasOwn(outputs, name)) throw badOption(`Option drift.output is "${name}"; the model gives ${listed(names)}.`);
  const spec = outputs[name] as OutputSpec;
  if (spec.dtype !== 'float32') throw badOption(`Option drift.output is "${name}", which holds ${spec.dtype}; scores are float32.`);
  if (spec.values === 'logits' && spec.shape?.at(-1) === 1)
    throw badOption(`Option drift.output is "${name}", logits of one class each, whose softmax is always 1; there is nothing to count.`);
  return { name, spec };
}

/**
 * Runs the samples one after the other. Each is read just before its run, so that many need no more memory than one.
 * @param lengthAxes by output: axes that are cut back where inputs are padded
 * @throws {PannierError} `options` for a file that is missing or does not fit, and for scores outside of 0…1
 */
export async function countScores(
  runner: Runner,
  { samples }: DriftOptions,
  { name, spec }: Scored,
  inputs: Readonly<Record<string, InputSpec>>,
  lengthAxes: readonly number[],
): Promise<{ drift: NonNullable<Manifest['drift']>; warnings: readonly string[] }> {
  const counts = Array.from({ length: SCORE_EDGES.length + 1 }, () => 0);
  let answers = 0;
  for (const [index, sample] of samples.entries()) {
    const place = `drift.samples[${index}]`;
    const { feeds, length } = feedsOf(await readGiven(sample, place, inputs));
    const answer = (await runner.run(feeds))[name] as RawOutput;
    const own = length === undefined ? answer : unpad(answer, lengthAxes, length);
    const scores = topScores(own, spec.values);
    answers += answersOf(own, scores);
    for (const score of scores) {
      if (score < -ROUNDING || score > 1 + ROUNDING)
        throw badOption(
          `Option drift counts shares from 0 to 1, but ${place} has ${Number(score.toPrecision(4))} as a top score of output "${name}". Where these are logits, say values: 'logits' of that output; else name another.`,
        );
      const bin = binOf(score, SCORE_EDGES);
      counts[bin] = (counts[bin] as number) + 1;
    }
  }
  if (answers === 0) throw badOption(`Option drift found no score in output "${name}" of ${samples.length} samples: it is empty, or NaN.`);
  const warnings: string[] = [];
  if (answers < ENOUGH_ANSWERS)
    warnings.push(
      `Option drift has too few answers to its samples, ${answers}: watchDrift counts, but gives no index. Give samples for ${ENOUGH_ANSWERS} or more.`,
    );
  const inOne = Math.max(...counts);
  const share = inOne / counts.reduce((sum, each) => sum + each, 0);
  if (share > MAX_SHARE_OF_ONE_BIN) {
    const bin = counts.indexOf(inOne);
    warnings.push(
      `Option drift finds ${Math.round(100 * share)} % of the top scores of output "${name}" from ${SCORE_EDGES[bin - 1] ?? 0} to ${SCORE_EDGES[bin] ?? 1}, which is one bin: what changes within it is not seen.`,
    );
  }
  // The values of a regression or coordinates may also lie between 0 and 1.
  if (spec.values === undefined && spec.labels === undefined)
    warnings.push(
      `Option drift takes output "${name}" for scores from 0 to 1, which is a guess. Say what it holds, values: 'probabilities' or 'logits' of that output; else name another.`,
    );
  return { drift: { output: name, edges: SCORE_EDGES, counts, answers }, warnings };
}
