/** A model as an app sees it: what it takes, what it gives, what it says about itself. */

import type { ServingBackend } from '../base/backend-name.js';
import type { Note } from '../base/notes.js';
import type { PlatformAbortSignal, PlatformImageBitmap, PlatformMediaStreamTrack, PlatformVideoElement } from '../base/platform.js';
import type { Timing } from '../base/timing.js';
import type { AnyInputs, AnyOutputs, Pixels, Signature } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import type { Candidate } from './candidate.js';
import type { ThreadName } from './options.js';

/** `user` calls go before `background` ones; within each, first come, first served. */
export type Priority = 'user' | 'background';

/** `K` are the outputs that are read: all of them unless `outputs` says which. */
export interface PredictOptions<O = AnyOutputs, K extends keyof O = keyof O> {
  /** Ends the call; the promise rejects with `signal.reason`. Work that runs already is dropped, not stopped. */
  readonly signal?: PlatformAbortSignal;
  /** Reads only these outputs. */
  readonly outputs?: readonly K[];
  /** Writes an output's values into an array of yours, of the right class and length, and returns that. */
  readonly into?: { readonly [Name in K]?: O[Name] extends { readonly data: infer D } ? D : never };
  /** `background` calls wait for `user` ones. @default 'user' */
  readonly priority?: Priority;
}

/** How the tensor's pixels of each image input lie on the picture that was given. */
export type ImageMappings<I = AnyInputs> = { readonly [Name in keyof I as Pixels extends I[Name] ? Name : never]: ImageMapping };

/** One answer. */
export interface Prediction<O = AnyOutputs, I = AnyInputs> {
  readonly outputs: O;
  readonly timing: Timing;
  /** What ran this call. */
  readonly backend: ServingBackend;
  /** For each image input; where it was given as a tensor, the tensor is the picture. */
  readonly images: ImageMappings<I>;
}

export interface PredictEachOptions<O = AnyOutputs, K extends keyof O = keyof O> extends Omit<PredictOptions<O, K>, 'into'> {
  /** Which image input the frames feed. @default the only one */
  readonly input?: string;
  /** Hands over each frame with the answer that belongs to it; close it when it is drawn. @default false */
  readonly keepFrame?: boolean;
  /** Predicts under way at once over an iterable of inputs. @default 2 */
  readonly concurrency?: number;
}

/** An answer to one frame. */
export interface FramePrediction<O = AnyOutputs, I = AnyInputs> extends Prediction<O, I> {
  /** With `keepFrame`, the very picture that was predicted. Yours to close. */
  readonly frame?: PlatformImageBitmap;
}

/** A source of frames of which only the newest matters. */
export type VideoSource = PlatformVideoElement | PlatformMediaStreamTrack;

/** How much of a load came from the cache. */
export type CacheOutcome = 'hit' | 'partial' | 'miss' | 'off' | 'unavailable';

/** The model goes on elsewhere: nothing was dropped, and calls made from now on run there. */
export interface BackendChange {
  readonly from: ServingBackend;
  readonly to: ServingBackend;
  readonly reason: string;
}

/** Where the time of a load went. Stages overlap, so they do not add up to the total. */
export interface LoadTiming {
  readonly totalMs: number;
  /** Reading, fetching and verifying bytes. */
  readonly weightsMs: number;
  /** Hashing, within `weightsMs`. */
  readonly hashMs: number;
  /** Starting the backend, and its worker. */
  readonly startMs: number;
  /** Decoding and placing each shard as it comes, and building the graph; without the wait for bytes, so that it overlaps `weightsMs`. */
  readonly openMs: number;
  /** The golden run; 0 where a remembered pass stood in for it. */
  readonly goldenMs: number;
  readonly cache: CacheOutcome;
}

/** Percentiles are of warm calls' `totalMs`; undefined before the first of them. */
export interface Stats {
  /** Calls that answered. */
  readonly count: number;
  /** Of these, calls that compiled something. */
  readonly coldCount: number;
  /** Calls that rejected, aborts left out. */
  readonly failedCount: number;
  readonly p50Ms: number | undefined;
  readonly p90Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Warm answers per second of the time in which calls were under way; pauses between them do not count. */
  readonly perSecond: number | undefined;
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
  /** Bytes of the model's weights as the backend holds them. */
  readonly bytesResident: number;
  /** Time in which this model kept a backend busy. */
  readonly busyMs: number;
  /** With the option `drift`, of a model that was packed with one. */
  readonly drift: DriftStats | undefined;
}

/** Whether the model is as sure in use as it was of the samples that it was packed with. Plain values, to be sent anywhere. */
export interface DriftStats {
  /** Top scores counted so far, one for each row of the output; of an output of more than 4 096 values, for as many rows as that makes. */
  readonly count: number;
  /**
   * Answers that these scores are of: a batch of rows or pictures is as many, but a detector's boxes, a mask's pixels and a text's
   * words are one, since they are alike.
   */
  readonly answers: number;
  /** Where one bin ends and the next begins. */
  readonly edges: readonly number[];
  /** By bin, one more than there are edges. Those of several visitors may be added up. */
  readonly counts: readonly number[];
  /** Those of the samples. */
  readonly expected: readonly number[];
  /**
   * The population stability index of `counts` against `expected`; undefined below 200 answers, here or of
   * the samples, which would say little.
   * As is usual (N. Siddiqi, Credit Risk Scorecards, 2006): below 0.1 nothing to speak of, from 0.25 on a shift to act upon.
   */
  readonly index: number | undefined;
}

/** What a model says about itself, besides its signature. */
export interface ModelInfo {
  /** The packer's `version`; '0' where none was given. */
  readonly version: string;
  readonly license?: string;
  readonly source?: string;
  /** ISO date, as the packer was told. */
  readonly packedAt?: string;
  /**
   * Whole days since `packedAt`, by this device's clock when it is read. Undefined without `packedAt`, and where the clock is
   * more than a day before it, which is then wrong.
   */
  readonly ageDays: number | undefined;
  /** Whether it is as old as the packer's `staleAfterDays`, or older; false where `ageDays` is not known. Nothing else changes with it. */
  readonly stale: boolean;
  /** Of all files together. */
  readonly bytes: number;
  /** Floating-point operations of one predict of the golden sample's shape. */
  readonly flops: number;
  readonly controlFlow: boolean;
}

/** A loaded model, generic in two plain object types: named inputs and named outputs. */
export interface Model<I = AnyInputs, O = AnyOutputs> {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
  readonly info: ModelInfo;
  /** What the next call runs on. */
  readonly backend: ServingBackend;
  /** Where the engine runs. */
  readonly thread: ThreadName;
  /** Every backend that was allowed: chosen, slower, refused with the reason, or untried. Plain values, to be sent anywhere. */
  readonly selection: readonly Candidate[];
  /** `selection` once the trial is over: at once, where there is none. */
  finishedSelection(): Promise<readonly Candidate[]>;
  /** What went less than ideally, without failing. */
  readonly notes: readonly Note[];
  readonly loadTiming: LoadTiming;
  readonly disposed: boolean;
  /**
   * Runs the model once.
   * @param inputs by name, as the packed model's types say; arrays are copied and pictures taken hold of at once
   * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
   */
  predict(inputs: I): Promise<Prediction<O, I>>;
  predict<const K extends keyof O = keyof O>(inputs: I, options: PredictOptions<O, K>): Promise<Prediction<Pick<O, K>, I>>;
  /**
   * Predicts for each of many: over video the newest frame wins, one is in flight, and a hidden page
   * pauses; over an iterable of inputs nothing is dropped and order is kept.
   */
  predictEach<const K extends keyof O = keyof O>(
    source: VideoSource | Iterable<I> | AsyncIterable<I>,
    options?: PredictEachOptions<O, K>,
  ): AsyncGenerator<FramePrediction<Pick<O, K>, I>>;
  /** What the calls of this handle have cost so far. */
  stats(): Stats;
  /** Lets go of the model. Calls under way reject with `disposed`. Safe to call twice. */
  dispose(): void;
  [Symbol.dispose](): void;
  /**
   * `note`: something went less than ideally after the load; `event.detail` is the note.
   * `backendchange`: another backend runs the calls from now on.
   */
  addEventListener<K extends keyof ModelEvents>(type: K, listener: (event: { readonly detail: ModelEvents[K] }) => void): void;
  removeEventListener<K extends keyof ModelEvents>(type: K, listener: (event: { readonly detail: ModelEvents[K] }) => void): void;
}

/** What a model tells of after its load: the `detail` of each event. */
export interface ModelEvents {
  note: Note;
  backendchange: BackendChange;
}
