/** A model as an app sees it: what it takes, what it gives, what it says about itself. */

import type { Candidate } from './backend/choose.js';
import type { BackendName } from './backend-name.js';
import type { ImageMapping } from './input/mapping.js';
import type { ThreadName } from './options.js';
import type { PlatformAbortSignal, PlatformImageBitmap, PlatformMediaStreamTrack, PlatformVideoElement } from './platform.js';
import type { LoadTiming, Note } from './serving/opened.js';
import type { Priority } from './serving/queue.js';
import type { Stats } from './serving/stats.js';
import type { AnyInputs, AnyOutputs, Signature } from './signature.js';
import type { Timing } from './timing.js';

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

/** One answer. */
export interface Prediction<O = AnyOutputs> {
  readonly outputs: O;
  readonly timing: Timing;
  /** What ran this call. */
  readonly backend: BackendName;
  /** For each input that was given as a picture, how the tensor's pixels lie on it. */
  readonly images: Readonly<Record<string, ImageMapping>>;
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
export interface FramePrediction<O = AnyOutputs> extends Prediction<O> {
  /** With `keepFrame`, the very picture that was predicted. Yours to close. */
  readonly frame?: PlatformImageBitmap;
}

/** A source of frames of which only the newest matters. */
export type VideoSource = PlatformVideoElement | PlatformMediaStreamTrack;

/** What a model says about itself, besides its signature. */
export interface ModelInfo {
  readonly license?: string;
  readonly source?: string;
  readonly packedAt?: string;
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
  readonly backend: BackendName;
  /** Where the engine runs. */
  readonly thread: ThreadName;
  /** Every backend that was allowed: chosen, refused with the reason, or untried. */
  readonly selection: readonly Candidate[];
  /** What went less than ideally, without failing. */
  readonly notes: readonly Note[];
  readonly loadTiming: LoadTiming;
  readonly disposed: boolean;
  /**
   * Runs the model once.
   * @param inputs by name, as the packed model's types say; arrays are copied and pictures taken hold of at once
   * @throws {PannierError} by `code`; an abort rejects with `signal.reason`
   */
  predict(inputs: I): Promise<Prediction<O>>;
  predict<const K extends keyof O = keyof O>(inputs: I, options: PredictOptions<O, K>): Promise<Prediction<Pick<O, K>>>;
  /**
   * Predicts for each of many: over video the newest frame wins, one is in flight, and a hidden page
   * pauses; over an iterable of inputs nothing is dropped and order is kept.
   */
  predictEach<const K extends keyof O = keyof O>(
    source: VideoSource | Iterable<I> | AsyncIterable<I>,
    options?: PredictEachOptions<O, K>,
  ): AsyncGenerator<FramePrediction<Pick<O, K>>>;
  /** What the calls of this handle have cost so far. */
  stats(): Stats;
  /** Lets go of the model. Calls under way reject with `disposed`. Safe to call twice. */
  dispose(): void;
  [Symbol.dispose](): void;
  /** `note`: something went less than ideally after the load; `event.detail` is the note. */
  addEventListener(type: 'note', listener: (event: { readonly detail: Note }) => void): void;
  removeEventListener(type: 'note', listener: (event: { readonly detail: Note }) => void): void;
}
