/** A model whose answers a test defines. Everything but the engine is the real code: checks, queue, aborts, timing. */

import type { Model } from '../api/model.js';
import type { NonFinite } from '../api/options.js';
import { describe } from '../base/describe.js';
import { ERROR_CODES, type ErrorCode, PannierError } from '../base/errors.js';
import { type Checks, check, checkCall, choice } from '../base/fields.js';
import { anything } from '../base/lazy-checks.js';
import { Notes } from '../base/notes.js';
import { now } from '../base/timing.js';
import { checkDetails } from '../manifest/details.js';
import { type Manifest, type ModelSource, readManifest } from '../manifest/manifest.js';
import type { AnyInputs, AnyOutputs } from '../manifest/signature.js';
import { LoadedModel } from '../model.js';
import type { PreparedInputs } from '../preprocess/prepare-inputs.js';

import { Queue } from '../runtime/queue.js';
import { type Instance, type Opened, ServedModel } from '../runtime/served-model.js';
import { type FakeOutputs, outputMaker } from './outputs.js';
import { withoutPixels } from './pictures.js';

export type { FakeOutputs, FakeValues } from './outputs.js';

/** The error that `predict` rejects with: one of an error code, or one of your own. */
export type FakeFailure = ErrorCode | PannierError;

/** Options of {@link fakeModel}. */
export interface FakeOptions<I = AnyInputs, O = AnyOutputs> {
  /** Values by output, or a function of the inputs of `predict`. @default zeros of the declared shapes */
  readonly outputs?: FakeOutputs<O> | ((inputs: I) => FakeOutputs<O>);
  /**
   * Milliseconds that each predict takes, by `setTimeout`, so that fake timers control it. At most 2³¹ − 1. With
   * `Infinity` no call answers until its signal or `dispose` ends it.
   * @default 0: no timer is set
   */
  readonly delayMs?: number;
  /** The error of every predict, or a function of the call's number, counted from 1, that returns an error or undefined. */
  readonly fail?: FakeFailure | ((call: number) => FakeFailure | undefined);
  /** As in `loadModel`: whether outputs that hold NaN or an infinity reject with `non-finite`. @default 'error' */
  readonly nonFinite?: NonFinite;
}

/**
 * Makes a model for tests, typed by its packed folder. It needs no model file, worker or backend.
 * @param source the default export of a packed folder's `model.js`
 * @throws {PannierError} `manifest` if the source is no packed model; `options` if an output is not the model's, its values do not
 * fit, or a timer cannot wait for `delayMs`
 */
export function fakeModel<I = AnyInputs, O = AnyOutputs>(source: ModelSource<I, O>, options: FakeOptions<I, O> = {}): Model<I, O> {
  const manifest = readManifest(source);
  checkDetails(manifest);
  return new FakeModel<I, O>(manifest, options);
}

class FakeModel<I, O> extends LoadedModel<I, O> {
  readonly #signature: Manifest['signature'];

  constructor(manifest: Manifest, options: FakeOptions<I, O>) {
    const opening = openingOf(runOf(manifest, options));
    const opened = new ServedModel(manifest, opening, new Notes(), { bytesDownloaded: 0, bytesFromCache: 0 }, async () => opening);
    super(
      { value: opened, release: () => opened.dispose() },
      { deadlineMs: Number.POSITIVE_INFINITY, trace: false, nonFinite: options.nonFinite ?? 'error' },
    );
    this.#signature = manifest.signature;
  }

  protected override async prepare(inputs: I): Promise<PreparedInputs> {
    return super.prepare(withoutPixels(this.#signature, inputs));
  }
}

/** A timer holds 31 bits: a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const CHECKS: Checks<FakeOptions> = {
  // Checked against the model.
  outputs: anything,
  delayMs: check(
    (ms) => typeof ms === 'number' && ms >= 0 && (ms <= MAX_DELAY_MS || ms === Number.POSITIVE_INFINITY),
    `milliseconds from 0 to ${MAX_DELAY_MS}, or Infinity for a call that never answers`,
  ),
  // Checked again in each call, if it is a function.
  fail: anything,
  nonFinite: choice('error', 'allow'),
};

/** The answers of the fake in place of an engine; throws `options` if the test's options are wrong. */
function runOf<I, O>(manifest: Manifest, options: FakeOptions<I, O>): Instance['run'] {
  checkCall('fakeModel', options, CHECKS);
  const { outputs = {}, delayMs = 0, fail } = options;
  // Fixed outputs are checked at once, so that a mistake shows where the fake is made.
  if (fail !== undefined && typeof fail !== 'function') checkFailure(fail);
  const make = outputMaker(manifest);
  const always = typeof outputs === 'function' ? undefined : make(outputs);
  let calls = 0;
  return async ({ feeds, outputs: names }, { inputs }) => {
    const startMs = now();
    const call = ++calls;
    if (delayMs > 0)
      await new Promise<void>((resolve) => {
        if (delayMs <= MAX_DELAY_MS) setTimeout(resolve, delayMs);
      });
    const failure = typeof fail === 'function' ? fail(call) : fail;
    if (failure !== undefined) throw errorOf(failure, manifest.name, call);
    const answer = always ?? make((outputs as (inputs: I) => FakeOutputs<O>)(inputs as I));
    // Each call returns arrays of its own.
    const answers = names.map((name) => answer(name, feeds));
    return { outputs: answers, prepareMs: 0, computeMs: now() - startMs, readMs: 0, cold: false };
  };
}

/** Tests in JavaScript may name a code that does not exist. */
function checkFailure(failure: FakeFailure): void {
  if (typeof failure === 'string' ? Object.hasOwn(ERROR_CODES, failure) : failure instanceof PannierError) return;
  const codes = Object.keys(ERROR_CODES).join(', ');
  throw new PannierError(
    'options',
    `fakeModel's option fail should be a PannierError or an error code, but is ${describe(failure)}. Codes are ${codes}.`,
  );
}

function errorOf(failure: FakeFailure, name: string, call: number): PannierError {
  checkFailure(failure);
  if (typeof failure !== 'string') return failure;
  return new PannierError(failure, `Fake model "${name}" fails call ${call} with ${failure}, as its test says.`);
}

const openingOf = (run: Instance['run']): Opened => ({
  instance: { engine: 'tfjs', backend: 'cpu', handle: { queue: new Queue(), thread: 'page' }, run, dispose: () => undefined },
  selection: [{ backend: 'cpu', engine: 'tfjs', state: 'chosen' }],
  loadTiming: { totalMs: 0, weightsMs: 0, hashMs: 0, startMs: 0, openMs: 0, goldenMs: 0, cache: 'off' },
});
