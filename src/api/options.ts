/** What `loadModel` can be told. */
import type { BackendName } from '../base/backend-name.js';
import type { PlatformAbortSignal, PlatformFetch, PlatformGPUDevice } from '../base/platform.js';
import type { Manifest } from '../manifest/manifest.js';
import type { WeightsCache } from './cache.js';
import type { Fallback } from './fallback.js';

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

/** Whether a model's files may be fetched. */
export type Network = 'auto' | 'cache-only';

/** What `prefetchModel` can be told, each as of `loadModel`. */
export type PrefetchOptions = Pick<LoadOptions, 'cache' | 'cacheBudgetBytes' | 'fetch' | 'assetUrl' | 'signal' | 'onProgress'>;

/** What `clearCache` can be told. */
export interface ClearCacheOptions {
  /** Models that stay. */
  readonly except?: readonly Manifest[];
  /** Of your own, where models are loaded with one. @default the browser's */
  readonly cache?: WeightsCache;
}

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
  readonly autotune?: boolean;
  /** Where verified bytes are kept. @default IndexedDB where there is one; `null` keeps nothing */
  readonly cache?: WeightsCache | null;
  /**
   * Most bytes that the cache may hold of all models together, once this one is there: those that were not used for longest
   * make way, whole versions, and none that a tab has open. A larger model is not
   * written; one that is whole in the cache by then stays, and nothing makes way for it.
   * @default what the browser allows
   */
  readonly cacheBudgetBytes?: number;
  /**
   * 'cache-only' never fetches the model's files: what the cache lacks is a `not-cached` error, at once, also while another
   * tab downloads it. Workers and the wasm file are the service worker's to give. @default 'auto'
   */
  readonly network?: Network;
  /** Fetches every asset, for instance with a token. @default globalThis.fetch */
  readonly fetch?: PlatformFetch;
  /** Changes where an asset is fetched from; gets its file name and its usual address. */
  readonly assetUrl?: (name: string, url: string) => string;
  /** Ends the load; the promise rejects with `signal.reason`. */
  readonly signal?: PlatformAbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Longest that one predict may run, in milliseconds. Held in a worker only. @default 30 000 */
  readonly deadlineMs?: number;
  /** Longest that one backend may take for each: to start, to open the model, to agree with the golden sample. The wait for bytes does not count. @default 60 000 */
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
