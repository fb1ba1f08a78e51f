/** What `loadModel` can be told, and the one place where it is settled: nothing behind it sees a `?`. */
import { BACKENDS, type BackendName } from './backend-name.js';
import { PannierError } from './errors.js';
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

export interface LoadOptions {
  /** Which backends may be tried. @default 'auto', which is webgpu, wasm, cpu in this order, without software adapters */
  readonly backend?: 'auto' | BackendName | readonly BackendName[];
  /** @default 'worker'; where there are no workers (Node), the calling thread */
  readonly thread?: ThreadName;
  /** The app's own device for webgpu: implies the page's thread; Pannier never destroys it. */
  readonly device?: PlatformGPUDevice;
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
  /** Writes each predict as a `performance.measure` on its own DevTools track. @default false */
  readonly trace?: boolean;
}

/** Options with every default in place. */
export interface Settled {
  readonly backends: readonly BackendName[];
  /** The caller named its backends, so a software adapter is what it wants. */
  readonly byName: boolean;
  readonly thread: ThreadName;
  readonly device: GPUDevice | undefined;
  /** `undefined`: the browser's own. */
  readonly cache: WeightsCache | null | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly assetUrl: (name: string, url: string) => string;
  readonly deadlineMs: number;
  readonly backendDeadlineMs: number;
  /** Two loads of one model with the same key are one load. */
  readonly key: string;
}

/** @throws {PannierError} `options`, naming the option. */
export function settleOptions(options: LoadOptions): Settled {
  const { backend = 'auto', device, cache, assetUrl = sameUrl, deadlineMs = 30_000, backendDeadlineMs = 60_000 } = options;
  const { thread = device === undefined ? 'worker' : 'page', fetch = globalThis.fetch } = options;
  const backends = backend === 'auto' ? BACKENDS : Array.isArray(backend) ? (backend as readonly BackendName[]) : [backend as BackendName];
  for (const name of backends) if (!BACKENDS.includes(name)) throw wrong('backend', `'auto' or some of ${BACKENDS.join(', ')}`, name);
  if (backends.length === 0) throw wrong('backend', 'at least one name', '[]');
  if (thread !== 'worker' && thread !== 'page') throw wrong('thread', "'worker' or 'page'", thread);
  if (device !== undefined && thread === 'worker')
    throw wrong('thread', "'page' with a device: a GPUDevice cannot cross to a worker", thread);
  for (const [name, value] of Object.entries({ deadlineMs, backendDeadlineMs }))
    if (!(value > 0)) throw wrong(name, 'milliseconds above 0', value);
  const limits = `${deadlineMs} ${backendDeadlineMs}`;
  return {
    backends,
    byName: backend !== 'auto',
    thread,
    device,
    cache,
    // A bare `fetch` taken off globalThis throws "Illegal invocation" when called as a method.
    fetch: (input, init) => fetch(input, init),
    assetUrl,
    deadlineMs,
    backendDeadlineMs,
    key: [backend, thread, limits, ...[device, cache, fetch, assetUrl].map(identityOf)].join(' '),
  };
}

const sameUrl = (_name: string, url: string) => url;

const identities = new WeakMap<object, number>();
let identityCount = 0;

/** A number for an object, the same for as long as it lives. */
function identityOf(value: object | null | undefined): string {
  if (value === undefined || value === null) return String(value);
  const identity = identities.get(value) ?? identityCount++;
  identities.set(value, identity);
  return `#${identity}`;
}

function wrong(option: string, wanted: string, got: unknown): PannierError {
  return new PannierError('options', `loadModel's option ${option} should be ${wanted}, but is ${String(got)}.`, {
    option,
    wanted,
    got: String(got),
  });
}
