/** Downloads of weights under way at once, in all loads of a page. */

/**
 * For each host. Over HTTP/1.1 a browser has six connections to one: shards that took all of them would keep the
 * worker's script waiting until its limit has passed. Over HTTP/2 more would gain nothing.
 */
export const PARALLEL = 4;

interface Slots {
  free: number;
  readonly line: (() => void)[];
}

/** An app's own `fetch` may go another way than the browser's. */
const hostsOf = new WeakMap<typeof globalThis.fetch, Map<string, Slots>>();

function slotsOf(fetch: typeof globalThis.fetch, url: string): Slots {
  const hosts = hostsOf.get(fetch) ?? new Map<string, Slots>();
  hostsOf.set(fetch, hosts);
  const host = /^\w+:\/\/[^/]*/.exec(url)?.[0] ?? '';
  const slots = hosts.get(host) ?? { free: PARALLEL, line: [] };
  hosts.set(host, slots);
  return slots;
}

/**
 * Downloads when a slot of the address's host is free, in the order of asking.
 * @throws what `download` throws; `signal.reason`, where it aborts before
 */
export async function inSlot<T>(
  url: string,
  { fetch, signal }: { fetch: typeof globalThis.fetch; signal: AbortSignal },
  download: () => Promise<T>,
): Promise<T> {
  const slots = slotsOf(fetch, url);
  signal.throwIfAborted();
  if (slots.free > 0) slots.free--;
  else
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        slots.line.splice(slots.line.indexOf(begin), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      slots.line.push(begin);
    });
  try {
    return await download();
  } finally {
    const next = slots.line.shift();
    if (next === undefined) slots.free++;
    else next();
  }
}
