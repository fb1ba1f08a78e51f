/** What `predict` and `predictEach` can be told, checked with the rest that is downloaded beside a model's bytes. */

import type { PredictEachOptions, PredictOptions, Priority } from '../api/model.js';
import { PannierError } from '../base/errors.js';
import { checkKnown } from '../base/known-options.js';

const PREDICT: readonly (keyof PredictOptions)[] = ['signal', 'outputs', 'into', 'priority'];
const PREDICT_EACH: readonly (keyof PredictEachOptions)[] = ['signal', 'outputs', 'priority', 'input', 'keepFrame', 'concurrency'];
const PRIORITIES: readonly unknown[] = ['user', 'background'] satisfies Priority[];

/** @throws {PannierError} `options`, naming the option */
export const checkPredictOptions = (options: object): void => check('predict', options, PREDICT);

/** @throws {PannierError} `options`, naming the option */
export const checkPredictEachOptions = (options: object): void => check('predictEach', options, PREDICT_EACH);

function check(call: string, options: object, known: readonly string[]): void {
  checkKnown(call, options, known);
  const { priority = 'user', outputs = [] } = options as PredictOptions;
  if (!PRIORITIES.includes(priority)) throw wrong(call, 'priority', "'user' or 'background'", priority);
  if (!Array.isArray(outputs)) throw wrong(call, 'outputs', 'an array of names', outputs);
}

const wrong = (call: string, option: string, wanted: string, got: unknown) =>
  new PannierError('options', `${call}'s option ${option} should be ${wanted}, but is ${String(got)}.`);
