/** Limits the downloads that run at once, over all loads of a page. */

/**
 * Downloads at once from one host. Over HTTP/1.1 a browser has six connections to a host: shards on all of them would keep
 * the worker's script waiting until its deadline. Over HTTP/2 more would gain nothing.
 */
export const MAX_PARALLEL = 4;

interface Slots {
  free: number;
  readonly queue: (() => void)[];
}

/** Slots of each host, for each `fetch`: an app's own `fetch` may use other connections than the browser's. */
const hostsOf = new WeakMap<typeof globalThis.fetch, Map<string, Slots>>();

function slotsOf(fetch: typeof globalThis.fetch, url: string): Slots {
  const hosts = hostsOf.get(fetch) ?? new Map<string, Slots>();
  hostsOf.set(fetch, hosts);
  const host = /^\w+:\/\/[^/]*/.exec(url)?.[0] ?? '';
  const slots = hosts.get(host) ?? { free: MAX_PARALLEL, queue: [] };
  hosts.set(host, slots);
  return slots;
}

/**
 * Runs `download` when a slot of the address's host is free, first come, first served.
 * @throws what `download` throws; `signal.reason` if the signal aborts before
 */
export async function inSlot<T>(
  url: string,
  { fetch, signal }: { fetch: typeof globalThis.fetch; signal: AbortSignal },
  download: () => Promise<T>,
): Promise<T> {
  const slots = slotsOf(fetch, url);
  signal.throwIfAborted();
  if (slots.free > 0) slots.free--;
  else await slotOf(slots, signal);
  try {
    return await download();
  } finally {
    const next = slots.queue.shift();
    if (next === undefined) slots.free++;
    else next();
  }
}

/** Resolves when another download hands its slot on; rejects at an abort. */
function slotOf({ queue }: Slots, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const start = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = () => {
      queue.splice(queue.indexOf(start), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    queue.push(start);
  });
}
