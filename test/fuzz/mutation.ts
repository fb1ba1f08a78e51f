/** Values that nobody asked for, and good values with some of them in the wrong places. */
import fc from 'fast-check';

/** Keys and names that reach into JavaScript's own objects, besides ordinary ones. */
export const odd = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then', 'default', 'length', 'polluted'],
  ...['', ' ', '0', '-1', 'x', 'x:0', '^x', '../x', '/etc/passwd', 'a\0b', 'a\nb', '\u2028', '\ud800', '𝟘', '<script>', '%s'],
  'y'.repeat(600),
);

/** Numbers at which code breaks. */
const edges = fc.constantFrom(
  ...[0, -0, 1, -1, 2, 3, 4, 5, 7, 8, 0.5, 1.5, -1.5, 1e-320, 1e300, -1e300],
  ...[2 ** 8, 2 ** 16, 2 ** 24, 2 ** 26, 2 ** 27, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 53],
);

/** What a JSON file can hold. */
export const jsonPoison: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: edges },
  { weight: 4, arbitrary: odd },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[[]]], [null], { name: 'x' }, 'DT_STRING', 'float32') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(JSON.parse('{"__proto__":{"polluted":1}}'), { constructor: { prototype: { polluted: 1 } } }),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** What a JavaScript value can be besides. */
export const poison: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: jsonPoison },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      5n,
      Symbol('x'),
      () => 'x',
      Array(3),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.anything({
      withNullPrototype: true,
      withObjectString: true,
      withBigInt: true,
      withTypedArray: true,
      withMap: true,
      withDate: true,
    }),
  },
);

/** One change of a value; `at` and `other` count its places round and round. */
interface Change {
  readonly kind: 'replace' | 'remove' | 'add' | 'swap' | 'copy' | 'repeat';
  readonly at: number;
  readonly other: number;
  readonly key: string;
  readonly value: unknown;
}

const changes = (values: fc.Arbitrary<unknown>): fc.Arbitrary<Change> =>
  fc.record({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant('replace' as const) },
      { weight: 4, arbitrary: fc.constantFrom('remove' as const, 'add' as const, 'swap' as const, 'copy' as const, 'repeat' as const) },
    ),
    at: fc.nat(),
    other: fc.nat(),
    key: odd,
    value: values,
  });

/** A good value with a few changes in it, most often one; sometimes none. */
export const changed = <T>(good: fc.Arbitrary<T>, values: fc.Arbitrary<unknown>, most = 4): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      good,
      fc.oneof(
        { weight: 3, arbitrary: fc.array(changes(values), { maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(changes(values), { maxLength: most }) },
      ),
    )
    // Copies of the values too: some are constants, and the next change may be one of what the last one put there.
    .map(([value, list]) => list.reduce((root, change) => withChange(root, { ...change, value: copyOf(change.value) }), copyOf(value)));

/** Deep, and with functions, which manifests hold. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) define(copy, key, copyOf(inner));
  return copy;
}

/** Also a key such as `__proto__` becomes a field of its own, as `JSON.parse` makes it. Arrays have items alone. */
function define(target: object, key: string, value: unknown): void {
  if (Array.isArray(target) && !/^\d+$/.test(key)) target.push(value);
  else Reflect.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

function placesIn(root: unknown): Place[] {
  const places: Place[] = [];
  const waiting = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    for (const [key, child] of Object.entries(next)) {
      places.push({ parent: next as Record<string, unknown>, key });
      if (child !== null && child !== undefined) waiting.push(child);
    }
  }
  return places;
}

function withChange(root: unknown, { kind, at, other, key, value }: Change): unknown {
  const places = placesIn(root);
  // Beside the places within, the whole value is one.
  const place = places[at % (places.length + 1)];
  if (place === undefined) return kind === 'replace' ? value : root;
  const there = place.parent[place.key];
  const elsewhere = places[other % places.length] as Place;
  const found = elsewhere.parent[elsewhere.key];
  switch (kind) {
    case 'replace':
      define(place.parent, place.key, value);
      break;
    case 'remove':
      if (Array.isArray(place.parent)) place.parent.splice(Number(place.key), 1);
      else delete place.parent[place.key];
      break;
    case 'add':
      define(typeof there === 'object' && there !== null ? there : place.parent, key, value);
      break;
    case 'swap':
      define(elsewhere.parent, elsewhere.key, copyOf(there));
      define(place.parent, place.key, copyOf(found));
      break;
    case 'copy':
      define(place.parent, place.key, copyOf(found));
      break;
    case 'repeat':
      if (Array.isArray(there)) define(place.parent, place.key, [...there, ...(copyOf(there) as unknown[])]);
      break;
  }
  return root;
}

/** One change of bytes. */
interface Stain {
  readonly kind: 'flip' | 'set' | 'cut' | 'insert' | 'remove' | 'double';
  readonly at: number;
  readonly length: number;
  readonly byte: number;
}

const stains: fc.Arbitrary<Stain> = fc.record({
  kind: fc.constantFrom(
    'flip' as const,
    'set' as const,
    'set' as const,
    'cut' as const,
    'insert' as const,
    'remove' as const,
    'double' as const,
  ),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 64 }),
  byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
});

/** Good bytes, stained in a place or a few. */
export const stained = <T>(good: fc.Arbitrary<T>, bytesOf: (good: T) => Uint8Array, most = 4): fc.Arbitrary<{ of: T; bytes: Uint8Array }> =>
  fc
    .tuple(good, fc.array(stains, { minLength: 1, maxLength: most }))
    .map(([of, list]) => ({ of, bytes: list.reduce(withStain, bytesOf(of).slice()) }));

function withStain(bytes: Uint8Array, { kind, at: place, length, byte }: Stain): Uint8Array {
  const at = place % Math.max(1, bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case 'flip':
      return bytes.length === 0 ? bytes : bytes.with(at, (bytes[at] as number) ^ (1 << (byte % 8)));
    case 'set':
      return bytes.length === 0 ? bytes : bytes.with(at, byte);
    case 'cut':
      return before;
    case 'insert':
      return joined(before, new Uint8Array(length).fill(byte), after);
    case 'remove':
      return joined(before, after.subarray(length));
    case 'double':
      return joined(before, after.subarray(0, length), after);
  }
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
