/** Checks the options of a load and puts every default in its place, so that no code behind it sees an option that is undefined. */
import { BACKENDS, type BackendName, STARTING_ORDER } from '../base/backend-name.js';
import { PannierError } from '../base/errors.js';
import { abortSignal, boolean, type Check, type Checks, callable, check, checkCall, choice, list, refusal } from '../base/fields.js';
import type { WeightsCache } from './cache.js';
import type { Fallback } from './fallback.js';
import type { LoadOptions, Network, NonFinite, ThreadName } from './options.js';

/** Options with every default in place. */
export interface ResolvedOptions {
  /** The backends in the order in which they are tried. */
  readonly backends: readonly BackendName[];
  /** Whether the app named no backend, so that Pannier chooses. */
  readonly auto: boolean;
  /** Whether the fastest backend is found by measuring: only if the app named none. */
  readonly autotune: boolean;
  readonly thread: ThreadName;
  readonly device: GPUDevice | undefined;
  /** Undefined for the browser's own cache, `null` for none. */
  readonly cache: WeightsCache | null | undefined;
  readonly cacheBudgetBytes: number;
  readonly network: Network;
  readonly fetch: typeof globalThis.fetch;
  readonly assetUrl: (name: string, url: string) => string;
  readonly deadlineMs: number;
  readonly backendDeadlineMs: number;
  readonly memoryBudgetBytes: number;
  readonly fallback: Fallback | undefined;
  readonly nonFinite: NonFinite;
  readonly trace: boolean;
  /** Loads of one model with the same key share it: they have the same backends and thread, and the very same cache and functions. */
  readonly key: string;
}

/** An object of any class, the app's own or the browser's. */
const isAnyObject = (value: unknown): boolean => Object(value) === value;

const backend: Check = (field) => {
  if (!Array.isArray(field.value)) return choice('auto', ...BACKENDS)(field);
  if (field.value.length === 0) throw refusal(field, 'at least one name');
  list(choice(...BACKENDS))(field);
};

const deadline = check((value) => typeof value === 'number' && value > 0, 'milliseconds above 0');
const budget = check((value) => typeof value === 'number' && value >= 0, 'bytes from 0 up');

const CHECKS: Checks<LoadOptions> = {
  backend,
  thread: choice('worker', 'page'),
  device: check(isAnyObject, 'a GPUDevice'),
  cache: check((value) => value === null || isAnyObject(value), 'an object or null'),
  fetch: callable,
  assetUrl: callable,
  signal: abortSignal,
  onProgress: callable,
  cacheBudgetBytes: budget,
  network: choice('auto', 'cache-only'),
  deadlineMs: deadline,
  backendDeadlineMs: deadline,
  trace: boolean,
  autotune: boolean,
  memoryBudgetBytes: budget,
  fallback: callable,
  nonFinite: choice('error', 'allow'),
};

/**
 * Checks options and puts every default in its place.
 * @param call names the function in messages
 * @param known the options that the function takes; all of `loadModel`'s unless given
 * @throws {PannierError} `options`, naming the option
 */
export function resolveOptions<I, O>(options: LoadOptions<I, O>, call = 'loadModel', known?: readonly string[]): ResolvedOptions {
  checkCall(call, options, CHECKS, known);
  const { device, cache, fallback, backend = 'auto', thread = device === undefined ? 'worker' : 'page' } = options;
  const { autotune = true, trace = false, nonFinite = 'error', network = 'auto' } = options;
  const { memoryBudgetBytes = defaultBudgetBytes(), cacheBudgetBytes = Infinity } = options;
  const { fetch = globalThis.fetch, assetUrl = sameUrl, deadlineMs = 30_000, backendDeadlineMs = 60_000 } = options;
  if (device !== undefined && thread === 'worker')
    throw new PannierError('options', `${call}'s option thread should be "page" with a device: a GPUDevice cannot cross to a worker.`);
  const auto = backend === 'auto';
  // An app that brings a device wants it used, so webgpu goes first.
  const ours = device === undefined ? STARTING_ORDER : BACKENDS;
  const backends = auto ? ours : Array.isArray(backend) ? (backend as readonly BackendName[]) : [backend as BackendName];
  return {
    backends,
    auto,
    autotune: autotune && auto,
    thread,
    device,
    cache,
    cacheBudgetBytes,
    network,
    // Unbound, since download slots are counted by its identity. The platform's own throws "Illegal invocation" as a method.
    fetch,
    assetUrl,
    deadlineMs,
    backendDeadlineMs,
    memoryBudgetBytes,
    fallback: fallback as Fallback | undefined,
    nonFinite,
    trace,
    key: [
      backend,
      thread,
      autotune,
      memoryBudgetBytes,
      cacheBudgetBytes,
      network,
      ...[device, cache, fetch, assetUrl, fallback].map(identityOf),
    ].join(' '),
  };
}

/** A quarter of the device's memory. Browsers round `deviceMemory`, and some lack it. */
const defaultBudgetBytes = (): number => ((globalThis as { navigator?: { deviceMemory?: number } }).navigator?.deviceMemory ?? 4) * 2 ** 28;

const sameUrl = (_name: string, url: string) => url;

const identities = new WeakMap<object, number>();
let identityCount = 0;

/** A number that stands for an object as long as it lives. */
function identityOf(value: object | null | undefined): string {
  if (value === undefined || value === null) return String(value);
  const identity = identities.get(value) ?? identityCount++;
  identities.set(value, identity);
  return `#${identity}`;
}
