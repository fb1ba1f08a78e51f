/** The instance without an engine: the app's own function answers. */

import { FALLBACK } from '../api/candidate.js';
import type { Fallback, FallbackRequest } from '../api/fallback.js';
import { typeName } from '../base/describe.js';
import { asPannierError, PannierError } from '../base/errors.js';
import { meant } from '../base/nearest.js';
import { abortable, withDeadline } from '../base/promise.js';
import { now } from '../base/timing.js';
import type { Call, RunResult } from '../engines/engine.js';
import type { Manifest, OutputSpec } from '../manifest/manifest.js';
import type { Tensor } from '../manifest/signature.js';
import type { Feed } from '../preprocess/feed.js';
import { pictureTensor } from '../preprocess/pixels.js';

import { Queue } from '../runtime/queue.js';
import type { AppRequest, Instance } from '../runtime/served-model.js';
import { givenOutput } from './given-output.js';

/** An instance that hands each call to the app's function. */
export function openFallback(manifest: Manifest, fallback: Fallback): Instance {
  // A server may answer many calls at once; the app limits their number if it has to.
  const queue = new Queue(Number.POSITIVE_INFINITY);
  return {
    ...FALLBACK,
    handle: { queue, thread: 'page' },
    run: (call, request) => answer(manifest, fallback, call, request),
    dispose: () => undefined,
  };
}

/**
 * Calls the app's function, and checks its answer against the signature.
 * @throws {PannierError} `fallback` with the error of the function as its cause, or the function's own PannierError; `timeout`;
 * an abort rethrows `signal.reason`
 */
async function answer(manifest: Manifest, fallback: Fallback, call: Call, { inputs, signal: aborted }: AppRequest): Promise<RunResult> {
  const { name: model, signature } = manifest;
  const late = new AbortController();
  const signal = AbortSignal.any([late.signal, aborted]);
  let prepareMs = 0;
  const tensors = async () => {
    signal.throwIfAborted();
    const startMs = now();
    const made = call.feeds.map((feed) => [feed.name, tensorOf(feed)] as const);
    prepareMs += now() - startMs;
    return Object.fromEntries(made);
  };
  const request: FallbackRequest = { model, signature, outputs: call.outputs, signal: signal as FallbackRequest['signal'], tensors };

  const startMs = now();
  const asking = abortable((async () => fallback(inputs as never, request))(), signal);
  const answered: unknown = await withDeadline(asking, call.deadlineMs, `The fallback of model "${model}"`, (error) =>
    late.abort(error),
  ).catch((thrown) => {
    signal.throwIfAborted();
    throw asPannierError(thrown, 'fallback', `The fallback of model "${model}" failed`);
  });
  const askedMs = now() - startMs;
  const readMs = now();
  return {
    outputs: read(manifest, call.outputs, answered),
    prepareMs,
    computeMs: Math.max(0, askedMs - prepareMs),
    readMs: now() - readMs,
    cold: false,
  };
}

/** One input as a tensor that the app's function may keep. */
function tensorOf(feed: Feed): Tensor {
  const { dtype, shape } = feed;
  return { dtype, shape, data: feed.kind === 'picture' ? pictureTensor(feed) : feed.data.slice() };
}

function read({ name: model, signature }: Manifest, wanted: readonly string[], answered: unknown) {
  const refuse = (message: string) => new PannierError('fallback', `The fallback of model "${model}" answered wrongly. ${message}`);
  if (typeof answered !== 'object' || answered === null)
    throw refuse(`It should give an object of outputs by name, but gave ${typeName(answered)}.`);
  const names = Object.keys(signature.outputs);
  const unknown = Object.keys(answered).find((name) => !Object.hasOwn(signature.outputs, name));
  if (unknown !== undefined)
    throw refuse(`The model has no output "${unknown}". Its outputs are ${names.join(', ')}.${meant(unknown, names)}`);
  return wanted.map((name) => {
    const values = (answered as Readonly<Record<string, unknown>>)[name];
    if (values === undefined) throw refuse(`Output "${name}" is missing; it gave ${Object.keys(answered).join(', ') || 'none'}.`);
    return givenOutput(name, signature.outputs[name] as OutputSpec, values, refuse);
  });
}
