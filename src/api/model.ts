/** The loaded model as an app sees it. */

import type { ServingBackend } from '../base/backend-name.js';
import type { Note } from '../base/notes.js';
import type { PlatformAbortSignal, PlatformImageBitmap, PlatformMediaStreamTrack, PlatformVideoElement } from '../base/platform.js';
import type { Timing } from '../base/timing.js';
import type { AnyInputs, AnyOutputs, Pixels, Signature, ValueKind } from '../manifest/signature.js';
import type { ImageMapping } from '../preprocess/mapping.js';
import type { Candidate } from './candidate.js';
import type { ThreadName } from './options.js';

/** Calls of priority `user` run before those of priority `background`; equal calls run in the order in which they were made. */
export type Priority = 'user' | 'background';

/** Options of `predict`. `K` names the outputs that are read: all of them unless `outputs` is given. */
export interface PredictOptions<O = AnyOutputs, K extends keyof O = keyof O> {
  /** Ends the call; the promise rejects with `signal.reason`. A run that has begun is not stopped, but its answer is dropped. */
  readonly signal?: PlatformAbortSignal;
  /** Reads only these outputs. */
  readonly outputs?: readonly K[];
  /** Writes an output's values into an array of the right class and length, and returns that array. */
  readonly into?: { readonly [Name in K]?: O[Name] extends { readonly data: infer D } ? D : never };
  /** `background` calls wait for `user` ones. @default 'user' */
  readonly priority?: Priority;
}

/** For each image input, the mapping of the tensor's pixels onto the given picture. */
export type ImageMappings<I = AnyInputs> = { readonly [Name in keyof I as Pixels extends I[Name] ? Name : never]: ImageMapping };

/** One answer. */
export interface Prediction<O = AnyOutputs, I = AnyInputs> {
  readonly outputs: O;
  readonly timing: Timing;
  /** The backend that ran this call, or `fallback`. */
  readonly backend: ServingBackend;
  /** One mapping for each image input; an input given as a tensor counts as its own picture. */
  readonly images: ImageMappings<I>;
}

export interface PredictEachOptions<O = AnyOutputs, K extends keyof O = keyof O> extends Omit<PredictOptions<O, K>, 'into'> {
  /** The image input that the frames feed. @default the only one */
  readonly input?: string;
  /** Returns each frame with its answer; close the frame when it is drawn. @default false */
  readonly keepFrame?: boolean;
  /** Most predicts in flight at once, over an iterable of inputs. @default 2 */
  readonly concurrency?: number;
}

/** The answer to one frame. */
export interface FramePrediction<O = AnyOutputs, I = AnyInputs> extends Prediction<O, I> {
  /** With `keepFrame`, the picture that was predicted. The caller closes it. */
  readonly frame?: PlatformImageBitmap;
}

/** A source of frames of which only the newest matters. */
export type VideoSource = PlatformVideoElement | PlatformMediaStreamTrack;

/** How much of a load came from the cache. */
export type CacheOutcome = 'hit' | 'partial' | 'miss' | 'off' | 'unavailable';

/** The model has moved to another backend. No call was dropped, and later calls run on the new backend. */
export interface BackendChange {
  readonly from: ServingBackend;
  readonly to: ServingBackend;
  readonly reason: string;
}

/** Times of a load's stages. Stages overlap, so they do not add up to the total. */
export interface LoadTiming {
  readonly totalMs: number;
  /** Reading, fetching and verifying bytes. */
  readonly weightsMs: number;
  /** Hashing, within `weightsMs`. */
  readonly hashMs: number;
  /** Starting the backend, and its worker. */
  readonly startMs: number;
  /** Decoding and uploading each shard as it arrives, and building the graph. Waits for bytes do not count, so it overlaps `weightsMs`. */
  readonly openMs: number;
  /** The golden run; 0 if an earlier visit's pass was remembered. */
  readonly goldenMs: number;
  readonly cache: CacheOutcome;
}

/** Percentiles cover the `totalMs` of warm calls, and are undefined before the first warm call. */
export interface Stats {
  /** Calls that answered. */
  readonly count: number;
  /** Calls among them that compiled something. */
  readonly coldCount: number;
  /** Calls that rejected, except aborted ones. */
  readonly failedCount: number;
  readonly p50Ms: number | undefined;
  readonly p90Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Warm answers per second of the time in which calls were in flight; pauses between calls do not count. */
  readonly perSecond: number | undefined;
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
  /** Bytes of the model's weights as the backend holds them. */
  readonly bytesResident: number;
  /** Time in which this model kept a backend busy. */
  readonly busyMs: number;
}

/** How sure the model was of the samples that it was packed with; `watchDrift` of `pannier/drift` compares with it. */
export interface ExpectedScores {
  /** The output whose top scores were counted. */
  readonly output: string;
  /** Whether the output's values go through a softmax before they are scores. */
  readonly values: ValueKind | undefined;
  /** Scores at which one bin ends and the next begins, ascending. */
  readonly edges: readonly number[];
  /** Top scores in each bin, one bin more than there are edges. */
  readonly counts: readonly number[];
  /** Answers that these scores come from. */
  readonly answers: number;
}

/** Facts about the packed model, besides its signature. */
export interface ModelInfo {
  /** The packer's option `version`; '0' if none was given. */
  readonly version: string;
  readonly license?: string;
  readonly source?: string;
  /** The packer's option `packedAt`, an ISO date. */
  readonly packedAt?: string;
  /** The packer's option `staleAfterDays`: days after `packedAt` from which on `ageOf` of `pannier/drift` calls the model stale. */
  readonly staleAfterDays?: number;
  /** Absent if the packer was given no samples. */
  readonly drift?: ExpectedScores;
  /** Bytes of the files that a visitor downloads who loads the model without options. */
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
  /** The backend of the next call, or `fallback`. */
  readonly backend: ServingBackend;
  /** The thread in which the engine runs. */
  readonly thread: ThreadName;
  /** Every allowed backend: chosen, slower, refused with the reason, or untried. Plain values that can be logged or sent. */
  readonly selection: readonly Candidate[];
  /** Resolves with `selection` when autotuning is over; at once if there is none. */
  finishedSelection(): Promise<readonly Candidate[]>;
  /** Notes on everything that went less than ideally, without failing. */
  readonly notes: readonly Note[];
  readonly loadTiming: LoadTiming;
  readonly disposed: boolean;
  /**
   * Runs the model once.
   * @param inputs by name, as the packed model's types say; arrays are copied and pictures are captured at once
   * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
   */
  predict(inputs: I): Promise<Prediction<O, I>>;
  predict<const K extends keyof O = keyof O>(inputs: I, options: PredictOptions<O, K>): Promise<Prediction<Pick<O, K>, I>>;
  /**
   * Predicts for each frame or input. Over video, one call is in flight, the newest frame comes next, and a hidden page
   * pauses. Over an iterable of inputs, no input is dropped and answers keep its order.
   */
  predictEach<const K extends keyof O = keyof O>(
    source: VideoSource | Iterable<I> | AsyncIterable<I>,
    options?: PredictEachOptions<O, K>,
  ): AsyncGenerator<FramePrediction<Pick<O, K>, I>>;
  /**
   * Lets a model that keeps a state from call to call, such as that of an LSTM, begin anew; another model has none. It holds for the calls
   * that are made after it.
   * @throws {PannierError} `disposed`
   */
  resetState(): void;
  /** Counts, percentiles and bytes of this handle's calls so far. */
  stats(): Stats;
  /** Ends this handle; the last handle of a page frees the model. Calls in flight reject with `disposed`. Safe to call twice. */
  dispose(): void;
  [Symbol.dispose](): void;
  /**
   * Listens for `note` (something went less than ideally after the load; `event.detail` is the note), `backendchange`
   * (another backend runs calls from now on) or `prediction` (a call of this handle has answered, by the fallback too;
   * `event.detail` is what `predict` then resolves with, whose arrays are the caller's: read them at once, or copy).
   */
  addEventListener<K extends keyof ModelEvents>(type: K, listener: (event: { readonly detail: ModelEvents[K] }) => void): void;
  removeEventListener<K extends keyof ModelEvents>(type: K, listener: (event: { readonly detail: ModelEvents[K] }) => void): void;
}

/** The `detail` of each event of a model. */
export interface ModelEvents {
  note: Note;
  backendchange: BackendChange;
  prediction: Prediction;
}
