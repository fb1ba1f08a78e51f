/** What every weights cache promises, whoever wrote it. Apps may run it on theirs. */
import { expect, it } from 'vitest';
import type { WeightsCache } from '../../src/api/cache.js';

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
const read = async (cache: WeightsCache, key: string) => {
  const found = await cache.get(key);
  return found === undefined ? undefined : [...new Uint8Array(found)];
};

/** @param open gives an empty cache; called once for each test */
export function cacheContract(open: () => WeightsCache | Promise<WeightsCache>): void {
  it('knows nothing at first', async () => {
    const cache = await open();
    expect(await cache.get('none')).toBe(undefined);
    expect(await cache.keys()).toEqual([]);
  });
  it('gives back what was set, as an ArrayBuffer, as often as it is asked', async () => {
    const cache = await open();
    await cache.set('key', bytes(1, 2, 3));
    expect(await cache.get('key')).toBeInstanceOf(ArrayBuffer);
    expect([await read(cache, 'key'), await read(cache, 'key')]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
  it('keeps nothing, and 2 MiB', async () => {
    const cache = await open();
    await cache.set('none', bytes());
    const large = new Uint8Array(2 ** 21).map((_, index) => index * 7);
    await cache.set('large', large.slice().buffer);
    expect(await read(cache, 'none')).toEqual([]);
    expect(Buffer.from((await cache.get('large'))!).equals(Buffer.from(large))).toBe(true);
  });
  it('keeps bytes of its own: what is changed or moved outside changes nothing inside', async () => {
    const cache = await open();
    const given = bytes(1, 2, 3);
    await cache.set('key', given);
    new Uint8Array(given).fill(9);
    expect(await read(cache, 'key')).toEqual([1, 2, 3]);
    const taken = await cache.get('key');
    structuredClone(taken, { transfer: [taken!] });
    new Uint8Array((await cache.get('key'))!).fill(9);
    expect(await read(cache, 'key')).toEqual([1, 2, 3]);
  });
  it('keeps the last of two', async () => {
    const cache = await open();
    await Promise.all([cache.set('key', bytes(1)), cache.set('key', bytes(2))]);
    expect(await read(cache, 'key')).toEqual([2]);
    expect(await cache.keys()).toEqual(['key']);
  });
  it('deletes one and no other, and what is not there too', async () => {
    const cache = await open();
    await cache.set('a', bytes(1));
    await cache.set('b', bytes(2));
    await cache.delete('a');
    await cache.delete('none');
    expect([await read(cache, 'a'), await read(cache, 'b'), await cache.keys()]).toEqual([undefined, [2], ['b']]);
  });
  it('takes any text for a key', async () => {
    const cache = await open();
    const keys = ['model:a', 'golden:x y z', '__proto__', 'constructor', '', 'ключ', 'a'.repeat(2_000)];
    for (const [index, key] of keys.entries()) await cache.set(key, bytes(index));
    expect(new Set(await cache.keys())).toEqual(new Set(keys));
    for (const [index, key] of keys.entries()) expect([key, await read(cache, key)]).toEqual([key, [index]]);
  });
  it('bears many calls at once', async () => {
    const cache = await open();
    const many = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    await Promise.all(many.map((key, index) => cache.set(key, bytes(index))));
    expect(await Promise.all(many.map((key) => read(cache, key)))).toEqual(many.map((_, index) => [index]));
    await Promise.all(many.slice(1).map((key) => cache.delete(key)));
    expect(await cache.keys()).toEqual(['key 0']);
  });
}
