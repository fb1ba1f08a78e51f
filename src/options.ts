/** What `loadModel` can be told. */
import type { BackendName } from './backend-name.js';
import type { Fallback } from './fallback.js';
import type { PlatformAbortSignal, PlatformFetch, PlatformGPUDevice } from './platform.js';
import type { WeightsCache } from './weights/cache.js';

/** Verified bytes so far against the manifest's total; never Content-Length. */
export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** 0…1; reaches 1 once. */
  readonly fraction: number;
}

/** Where the engine runs: in a worker of its own, or in the thread that called. */
export type ThreadName = 'worker' | 'page';

/** What becomes of an answer that holds NaN or an infinity. */
export type NonFinite = 'error' | 'allow';

/**
 * `I` and `O` are the model's types, which `fallback` has in common with it.
 * By default they suit every model: options without a fallback do.
 */
// biome-ignore lint/suspicious/noExplicitAny: inputs of any model fit
export interface LoadOptions<I = any, O = never> {
  /**
   * Which backends may run the model, in this order; the first that is right does.
   * @default 'auto': the one that is ready first, then the fastest, as measured on this device
   */
  readonly backend?: 'auto' | BackendName | readonly BackendName[];
  /** @default 'worker'; where there are no workers (Node), the calling thread */
  readonly thread?: ThreadName;
  /** The app's own device for webgpu: implies the page's thread; Pannier never destroys it. */
  readonly device?: PlatformGPUDevice;
  /**
   * Whether 'auto' measures, in idle time, which backend is fastest; only between workers.
   * @default true
   */
  readonly trial?: boolean;
  /** Where verified bytes are kept. @default IndexedDB where there is one; `null` keeps nothing */
  readonly cache?: WeightsCache | null;
  /** Fetches every asset, for instance with a token. @default globalThis.fetch */
  readonly fetch?: PlatformFetch;
  /** Changes where an asset is fetched from; gets its file name and its usual address. */
  readonly assetUrl?: (name: string, url: string) => string;
  /** Ends the load; the promise rejects with `signal.reason`. */
  readonly signal?: PlatformAbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Longest that one predict may run, in milliseconds. Held in a worker only. @default 30 000 */
  readonly deadlineMs?: number;
  /** Longest that one backend may take to start, open the model and agree with the golden sample. @default 60 000 */
  readonly backendDeadlineMs?: number;
  /** Answers where no backend can: the model is too large, none is right, all were lost. Make it once: loads share a model by it. */
  readonly fallback?: Fallback<I, O>;
  /**
   * Most bytes of memory that the model may take: its weights, and what one predict has alive beside them.
   * @default a quarter of `navigator.deviceMemory`, which counts as 4 GiB where a browser does not tell it
   */
  readonly memoryBudgetBytes?: number;
  /** Whether predict rejects with `non-finite` where an output that is read holds NaN or an infinity. @default 'error' */
  readonly nonFinite?: NonFinite;
  /** Writes each predict as a `performance.measure` on its own DevTools track. @default false */
  readonly trace?: boolean;
}
