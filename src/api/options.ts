/** The options of `loadModel`, `prefetchModel` and `clearCache`. */
import type { BackendName } from '../base/backend-name.js';
import type { PlatformAbortSignal, PlatformFetch, PlatformGPUDevice } from '../base/platform.js';
import type { Manifest } from '../manifest/manifest.js';
import type { WeightsCache } from './cache.js';
import type { Fallback } from './fallback.js';

/** How much of a model has arrived. */
export interface LoadProgress {
  /** Bytes that were fetched or read from the cache, and verified. */
  readonly loadedBytes: number;
  /** Bytes of all the model's files, as the manifest counts them. */
  readonly totalBytes: number;
  /** From 0 to 1; reaches 1 once. */
  readonly fraction: number;
}

/** Where the engine runs: in a worker of its own, or in the thread that calls `loadModel`. */
export type ThreadName = 'worker' | 'page';

/** Whether an answer that holds NaN or an infinity is an error. */
export type NonFinite = 'error' | 'allow';

/** Whether a model's files may come from the network, or from the cache alone. */
export type Network = 'auto' | 'cache-only';

/** The options of `prefetchModel`; each means what it means for `loadModel`. */
export type PrefetchOptions = Pick<LoadOptions, 'cache' | 'cacheBudgetBytes' | 'fetch' | 'assetUrl' | 'signal' | 'onProgress'>;

/** The options of `clearCache`. */
export interface ClearCacheOptions {
  /** Models that stay in the cache: default exports of packed folders. @default none */
  readonly except?: readonly Manifest[];
  /** The cache to clear, if models are loaded with a `cache` of the app's own. @default the browser's */
  readonly cache?: WeightsCache;
}

/**
 * The options of `loadModel`. `I` and `O` are the types of the model's inputs and outputs, which only `fallback` needs;
 * by default they fit every model.
 */
// biome-ignore lint/suspicious/noExplicitAny: inputs of any model fit
export interface LoadOptions<I = any, O = never> {
  /**
   * The backends that may run the model. They are tried in this order, and the first that starts and passes the golden
   * sample runs the model.
   * @default 'auto': the backend that is ready first, later the one that is measured to be fastest on this device
   */
  readonly backend?: 'auto' | BackendName | readonly BackendName[];
  /** Where the engine runs. @default 'worker', or the calling thread if there are no workers, as in Node */
  readonly thread?: ThreadName;
  /** A WebGPU device of the app, which the webgpu backend uses and never destroys. It implies `thread: 'page'`. */
  readonly device?: PlatformGPUDevice;
  /**
   * Whether `backend: 'auto'` measures in idle time which backend is fastest. Only backends in workers are compared.
   * @default true
   */
  readonly autotune?: boolean;
  /** Where verified bytes are stored for the next load; `null` stores nothing. @default IndexedDB, if there is one */
  readonly cache?: WeightsCache | null;
  /**
   * Maximum bytes that the cache may hold across all models after this load. The least recently used versions that no tab
   * has open are deleted first. A model larger than the budget is not cached.
   * @default no limit but the browser's
   */
  readonly cacheBudgetBytes?: number;
  /**
   * `'cache-only'` never fetches the model's files: if one is missing in the cache, the load fails at once with `not-cached`,
   * even while another tab downloads it. Pannier's own workers and wasm file are still fetched; offline a service worker
   * answers for them.
   * @default 'auto'
   */
  readonly network?: Network;
  /** Fetches each of the model's files, for instance with a token. @default globalThis.fetch */
  readonly fetch?: PlatformFetch;
  /** Returns the address to fetch a file from, given its name and its usual address. @default the usual address */
  readonly assetUrl?: (name: string, url: string) => string;
  /** Ends the load; the promise rejects with `signal.reason`. */
  readonly signal?: PlatformAbortSignal;
  /** Is called each time that bytes have arrived. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Maximum milliseconds that one predict may run, which is enforced in workers only. @default 30 000 */
  readonly deadlineMs?: number;
  /**
   * Maximum milliseconds that a backend may take for each of three steps: to start, to open the model, to run the golden
   * sample. The wait for bytes does not count.
   * @default 60 000
   */
  readonly backendDeadlineMs?: number;
  /**
   * Answers in place of the model if no backend can: the model is too large, every backend disagrees with the golden sample,
   * or all were lost. Pass the same function each time, since only loads with the same one share a model.
   */
  readonly fallback?: Fallback<I, O>;
  /**
   * Maximum bytes of memory that the model may take: its weights, and the intermediate values of one predict. A model
   * that takes more runs on no backend.
   * @default a quarter of `navigator.deviceMemory`, which counts as 4 GiB if the browser does not have it
   */
  readonly memoryBudgetBytes?: number;
  /** Whether predict rejects with `non-finite` if an output that is read holds NaN or an infinity. @default 'error' */
  readonly nonFinite?: NonFinite;
  /** Whether each predict is recorded as a `performance.measure`, on a DevTools track of its own. @default false */
  readonly trace?: boolean;
}
