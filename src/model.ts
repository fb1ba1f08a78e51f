/** One predict, step by step: from inputs to typed outputs and an honest timing record. */

import type { Candidate } from './api/candidate.js';
import type {
  FramePrediction,
  ImageMappings,
  LoadTiming,
  Model,
  ModelEvents,
  ModelInfo,
  PredictEachOptions,
  Prediction,
  PredictOptions,
  Stats,
  VideoSource,
} from './api/model.js';
import type { LoadOptions, ThreadName } from './api/options.js';
import { AbortedTogether } from './base/aborted-together.js';
import type { ServingBackend } from './base/backend-name.js';
import { PannierError } from './base/errors.js';
import { Events } from './base/events.js';
import { lazily } from './base/lazily.js';
import type { Note } from './base/notes.js';
import { abortable, forManyListeners } from './base/promise.js';
import type { Lease } from './base/shared.js';
import { now } from './base/timing.js';
import { traceCall } from './base/trace.js';
import type { Call, RawOutput } from './engines/engine.js';
import type { Manifest } from './manifest/manifest.js';
import type { AnyInputs, AnyOutputs, Signature } from './manifest/signature.js';
import { checkPredictEachOptions, checkPredictOptions, NO_OPTIONS } from './predict/call-options.js';
import { ensureFinite } from './predict/finite.js';
import { infoOf } from './predict/info.js';
import { KeptState } from './predict/kept-state.js';
import { namedOutputs, wantedOutputs } from './predict/outputs.js';
import { CallRecord } from './predict/stats.js';
import { timingOf } from './predict/timing.js';
import { closePictures } from './preprocess/pictures.js';
import { type PreparedInputs, prepareInputs } from './preprocess/prepare-inputs.js';
import { runQueued } from './runtime/run-queued.js';
import type { Listener, ServedModel } from './runtime/served-model.js';

type Settings = Required<Pick<LoadOptions, 'deadlineMs' | 'trace' | 'nonFinite'>>;

/** One handle on a model that is open; the model closes with the last handle that is disposed. */
export class LoadedModel<I = AnyInputs, O = AnyOutputs> extends Events<ModelEvents> implements Model<I, O> {
  readonly #lease: Lease<ServedModel>;
  readonly #manifest: Manifest;
  readonly #settings: Settings;
  readonly #calls = new CallRecord();
  readonly #state: KeptState;
  readonly #ended = new AbortController();
  readonly #pending = new AbortedTogether(this.#ended.signal);

  /** Use `loadModel`. */
  constructor(lease: Lease<ServedModel>, settings: Settings) {
    super();
    this.#lease = lease;
    this.#manifest = lease.value.manifest;
    this.#settings = settings;
    this.#state = new KeptState(this.#manifest.signature.inputs);
    forManyListeners(this.#ended.signal);
    lease.value.listeners.add(this.#onEvent);
  }

  get name(): string {
    return this.#manifest.name;
  }
  get version(): string {
    return this.#manifest.version;
  }
  get signature(): Signature {
    return this.#manifest.signature;
  }
  get info(): ModelInfo {
    return infoOf(this.#manifest);
  }
  get backend(): ServingBackend {
    return this.#lease.value.current.backend;
  }
  get thread(): ThreadName {
    return this.#lease.value.current.handle.thread;
  }
  get selection(): readonly Candidate[] {
    return this.#lease.value.selection;
  }
  async finishedSelection(): Promise<readonly Candidate[]> {
    this.#ensureUsable();
    await abortable(this.#lease.value.autotune, this.#ended.signal);
    return this.selection;
  }
  get notes(): readonly Note[] {
    return [...this.#lease.value.notes.all];
  }
  get loadTiming(): LoadTiming {
    return this.#lease.value.loadTiming;
  }
  get disposed(): boolean {
    return this.#ended.signal.aborted;
  }

  predict(inputs: I): Promise<Prediction<O, I>>;
  predict<const K extends keyof O = keyof O>(inputs: I, options: PredictOptions<O, K>): Promise<Prediction<Pick<O, K>, I>>;
  async predict(inputs: I, options: PredictOptions<O> = NO_OPTIONS): Promise<Prediction<O, I>> {
    const startMs = now();
    this.#ensureUsable();
    checkPredictOptions(options);
    options.signal?.throwIfAborted();
    try {
      const prediction = await this.#predict(inputs, options, startMs);
      this.#calls.add(prediction.timing, now());
      this.tell('prediction', prediction as Prediction);
      if (this.#settings.trace) traceCall(this.name, startMs, prediction.timing);
      return prediction;
    } catch (thrown) {
      // The caller's own abort is no failure of the model.
      if (options.signal?.aborted !== true) this.#calls.fail();
      throw thrown;
    }
  }

  /** Makes feeds of the inputs. The fake model of `pannier/testing` overrides it, since its pictures have no pixels. */
  protected prepare(inputs: I): PreparedInputs | Promise<PreparedInputs> {
    return prepareInputs(this.#manifest.signature, inputs as Readonly<Record<string, unknown>>);
  }

  async #predict(inputs: I, options: PredictOptions<O>, startMs: number): Promise<Prediction<O, I>> {
    const signal = options.signal === undefined ? this.#ended.signal : AbortSignal.any([options.signal as AbortSignal, this.#ended.signal]);
    const running = this.#run(inputs, options as PredictOptions, signal);
    const { result, backend, outputs, images, preparedAtMs, dequeuedAtMs } = await this.#pending.abortable(running, signal);
    const timing = timingOf({ startMs, preparedAtMs, dequeuedAtMs }, result, backend);
    return { outputs: outputs as O, timing, backend, images: images as ImageMappings<I> };
  }

  /** Settles when nothing reads the inputs any more, which after an abort may be later than the caller waits. */
  #run(inputs: I, options: PredictOptions, signal: AbortSignal) {
    const wanted = wantedOutputs(this.#manifest.signature.outputs, options, this.#state.outputs);
    const preparing = this.prepare(inputs);
    return this.#state.inTurn(async (before) => {
      // A promise is recognised by its `then`, since apps may replace the class Promise, as zone.js does.
      const { feeds: given, images, length } = 'then' in preparing ? await preparing : preparing;
      try {
        const preparedAtMs = now();
        if (before !== undefined) await this.#pending.abortable(before, signal);
        const feeds = this.#state.feedsOf(given, inputs as object);
        const call: Call = { feeds, outputs: wanted.map(([name]) => name), deadlineMs: this.#settings.deadlineMs };
        // The app's fallback, if it answers, gets the inputs as they were given.
        const run = await runQueued(this.#lease.value, call, { inputs, signal }, options.priority ?? 'user');
        signal.throwIfAborted();
        const check = (name: string, output: RawOutput) => this.#settings.nonFinite === 'error' && ensureFinite(name, output, feeds);
        const outputs = namedOutputs(wanted, run.result.outputs, length, options, check);
        return { ...run, outputs: this.#state.keep(outputs, options.outputs), images, preparedAtMs };
      } finally {
        closePictures(given);
      }
    });
  }

  async *predictEach<const K extends keyof O = keyof O>(
    source: VideoSource | Iterable<I> | AsyncIterable<I>,
    options: PredictEachOptions<O, K> = {},
  ): AsyncGenerator<FramePrediction<Pick<O, K>, I>> {
    this.#ensureUsable();
    checkPredictEachOptions(options);
    // Only apps that stream download this.
    const loading = lazily(() => import('./predict/stream.js'));
    const { predictEach } = await abortable(loading, this.#ended.signal);
    const imageInputs = Object.entries(this.#manifest.signature.inputs).flatMap(([name, { image }]) => (image === undefined ? [] : [name]));
    const predict = (inputs: unknown, own: object) => this.predict<K>(inputs as I, own);
    yield* predictEach(predict, imageInputs, source, options, this.#ended.signal);
  }

  resetState(): void {
    this.#ensureUsable();
    this.#state.reset();
  }

  stats(): Stats {
    const { bytesDownloaded, bytesFromCache } = this.#lease.value.transfers;
    return { ...this.#calls.read(), bytesDownloaded, bytesFromCache, bytesResident: this.#lease.value.bytesResident };
  }

  dispose(): void {
    if (this.disposed) return;
    this.#ended.abort(new PannierError('disposed', `Model "${this.name}" was disposed while the call was under way.`));
    this.#lease.value.listeners.delete(this.#onEvent);
    this.#lease.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  readonly #onEvent: Listener = (type, detail) => this.tell(type, detail);

  #ensureUsable(): void {
    if (this.disposed) throw new PannierError('disposed', `Model "${this.name}" was disposed. Load it again to predict.`);
  }
}
