/** Checks what `predict` and `predictEach` are told. It belongs to the lazy chunk, since no call precedes the load of a model. */

import type { PredictEachOptions, PredictOptions } from '../api/model.js';
import { abortSignal, boolean, type Checks, check, checkCall, choice, isWhole, object, text } from '../base/fields.js';

const outputs = check(Array.isArray, 'an array of names');
const priority = choice('user', 'background');

const PREDICT: Checks<PredictOptions> = { signal: abortSignal, outputs, into: object, priority };

const PREDICT_EACH: Checks<PredictEachOptions> = {
  ...{ signal: abortSignal, outputs, priority, input: text, keepFrame: boolean },
  concurrency: check((value) => isWhole(value, 1), 'a whole number from 1'),
};

/** The options of a call to `predict` that gives none. */
export const NO_OPTIONS = {};

/** @throws {PannierError} `options`, naming the option */
export function checkPredictOptions(options: object): void {
  // Most calls give none, and a small model runs in less time than the check takes.
  if (options !== NO_OPTIONS) checkCall('predict', options, PREDICT);
}

/** @throws {PannierError} `options`, naming the option */
export const checkPredictEachOptions = (options: object): void => checkCall('predictEach', options, PREDICT_EACH);
