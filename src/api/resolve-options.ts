/** The one place where options are settled: nothing behind it sees a `?`. */
import { BACKENDS, type BackendName, STARTING_ORDER } from '../base/backend-name.js';
import { PannierError } from '../base/errors.js';
import { checkKnown } from '../base/known-options.js';
import type { WeightsCache } from './cache.js';
import type { Fallback } from './fallback.js';
import type { LoadOptions, Network, NonFinite, ThreadName } from './options.js';

/** Options with every default in place. */
export interface ResolvedOptions {
  /** In the order in which they are tried. */
  readonly backends: readonly BackendName[];
  /** Nobody named a backend: the order is ours, and measuring may change it. */
  readonly auto: boolean;
  /** What is faster is found out by measuring. */
  readonly autotune: boolean;
  readonly thread: ThreadName;
  readonly device: GPUDevice | undefined;
  /** `undefined`: the browser's own. */
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
  /** Two loads of one model with the same key are one load: same backends and thread, the very same cache and functions. */
  readonly key: string;
}

const KNOWN: readonly (keyof LoadOptions)[] = [
  ...(['backend', 'thread', 'device', 'cache', 'fetch', 'assetUrl', 'signal', 'onProgress'] as const),
  ...([
    'cacheBudgetBytes',
    'network',
    'deadlineMs',
    'backendDeadlineMs',
    'trace',
    'autotune',
    'memoryBudgetBytes',
    'fallback',
    'nonFinite',
  ] as const),
];

/**
 * @param call whose options they are, for messages
 * @param known those that it takes
 * @throws {PannierError} `options`, naming the option.
 */
export function resolveOptions<I, O>(options: LoadOptions<I, O>, call = 'loadModel', known = KNOWN): ResolvedOptions {
  checkKnown(call, options, known);
  const wrong = (option: string, wanted: string, value: unknown) => optionError(call, option, wanted, value);
  const oneOf = (option: string, value: string, ...choices: string[]) => {
    if (!choices.includes(value)) throw wrong(option, `'${choices.join("' or '")}'`, value);
  };
  const { backend = 'auto', device, cache, assetUrl = sameUrl, deadlineMs = 30_000, backendDeadlineMs = 60_000 } = options;
  const {
    fallback,
    memoryBudgetBytes = defaultBudgetBytes(),
    cacheBudgetBytes = Infinity,
    nonFinite = 'error',
    network = 'auto',
    onProgress,
  } = options;
  const { thread = device === undefined ? 'worker' : 'page', fetch = globalThis.fetch, autotune = true, trace = false } = options;
  const auto = backend === 'auto';
  // Whoever brings a device means it to be used.
  const ours = device === undefined ? STARTING_ORDER : BACKENDS;
  const backends = auto ? ours : Array.isArray(backend) ? (backend as readonly BackendName[]) : [backend as BackendName];
  for (const name of backends) if (!BACKENDS.includes(name)) throw wrong('backend', `'auto' or some of ${BACKENDS.join(', ')}`, name);
  if (backends.length === 0) throw wrong('backend', 'at least one name', '[]');
  oneOf('thread', thread, 'worker', 'page');
  if (device !== undefined && thread === 'worker')
    throw wrong('thread', "'page' with a device: a GPUDevice cannot cross to a worker", thread);
  for (const [name, value] of Object.entries({ autotune, trace }))
    if (typeof value !== 'boolean') throw wrong(name, 'true or false', value);
  oneOf('nonFinite', nonFinite, 'error', 'allow');
  oneOf('network', network, 'auto', 'cache-only');
  for (const [name, value] of Object.entries({ deadlineMs, backendDeadlineMs }))
    if (typeof value !== 'number' || !(value > 0)) throw wrong(name, 'milliseconds above 0', value);
  for (const [name, value] of Object.entries({ memoryBudgetBytes, cacheBudgetBytes }))
    if (typeof value !== 'number' || !(value >= 0)) throw wrong(name, 'bytes from 0 up', value);
  for (const [name, value] of Object.entries({ fetch, assetUrl, fallback, onProgress }))
    if (value !== undefined && typeof value !== 'function') throw wrong(name, 'a function', value);
  for (const [name, value] of Object.entries({ cache, device }))
    if (value !== undefined && value !== null && !isObject(value)) throw wrong(name, 'an object', value);
  return {
    backends,
    auto,
    autotune: autotune && auto,
    thread,
    device,
    cache,
    cacheBudgetBytes,
    network,
    // As it is, and the same one in every load: slots are counted by it. Called as a method, the platform's would throw "Illegal invocation".
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

/** Browsers round what they tell, and some tell nothing. */
const defaultBudgetBytes = (): number => ((globalThis as { navigator?: { deviceMemory?: number } }).navigator?.deviceMemory ?? 4) * 2 ** 28;

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

const isObject = (value: unknown): boolean => Object(value) === value;

function optionError(call: string, option: string, wanted: string, value: unknown): PannierError {
  // Not every object can become a text.
  const got = isObject(value) ? typeof value : String(value);
  return new PannierError('options', `${call}'s option ${option} should be ${wanted}, but is ${got}.`, { option, wanted, got });
}
