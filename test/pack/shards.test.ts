/** What an update costs: how many shards are others when a layer's values change, or a layer comes in between. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeTfjs } from '../../src/formats/tfjs/write/write.js';
import { readModel } from '../../src/pack/model/read.js';
import { cutShards, MAX_SHARD_BYTES } from '../../src/pack/out/shards.js';
import { realModel } from '../fixtures/models.js';
import { LONG_MS, runs } from '../tier.js';

interface Layer {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const layer = (name: string, length: number, fill = 0): Layer => ({
  name,
  bytes: new Uint8Array(length).fill(fill + 1),
});
function retrained({ name, bytes }: Layer): Layer {
  const values = bytes.slice();
  // Also in a last piece of few bytes.
  for (let at = values.length - 1; at >= 0; at -= 100) values[at]! ^= 0xff;
  return { name, bytes: values };
}
const names = (layers: readonly Layer[]) => cutShards(layers).map(({ name }) => name);

/** Shards of `after` that `before` does not have. */
function changed(before: readonly string[], after: readonly Layer[]): number {
  const known = new Set(before);
  return names(after).filter((name) => !known.has(name)).length;
}

/** In shards of made-up models: few bytes or many, and beyond a shard. */
const lengths = fc.array(fc.oneof(fc.nat(5_000), fc.nat(700_000), fc.integer({ min: MAX_SHARD_BYTES - 2, max: 2.5 * MAX_SHARD_BYTES })), {
  minLength: 1,
  maxLength: 9,
});
const model = lengths.map((all) => all.map((length, index) => layer(`layer ${index}/kernel`, length, index)));

describe('shards of any model', () => {
  it(
    'hold all bytes in order, none above 2 MiB, and none small but at the end and beside what is large',
    () => {
      fc.assert(
        fc.property(model, (layers) => {
          const shards = cutShards(layers);
          expect(Buffer.concat(shards.map(({ bytes }) => bytes)).equals(Buffer.concat(layers.map(({ bytes }) => bytes)))).toBe(true);
          for (const [index, { bytes, sha256, name }] of shards.entries()) {
            expect(bytes.length).toBeLessThanOrEqual(MAX_SHARD_BYTES);
            expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
            expect(name).toBe(`weights-${sha256.slice(0, 16)}.bin`);
            const next = shards[index + 1]?.bytes.length ?? MAX_SHARD_BYTES;
            if (bytes.length < MAX_SHARD_BYTES / 4 && index < shards.length - 1)
              expect(bytes.length + next).toBeGreaterThan(MAX_SHARD_BYTES);
          }
        }),
        { numRuns: runs(300, 12) },
      );
    },
    LONG_MS,
  );

  it(
    'change where a retrained layer lies in them, and nowhere else',
    () => {
      fc.assert(
        fc.property(model, fc.nat(), (layers, pick) => {
          const at = pick % layers.length;
          const old = cutShards(layers);
          const now = cutShards(layers.map((each, index) => (index === at ? retrained(each) : each)));
          // No cut moves, so that it is known which shards the layer lies in.
          expect(now.map(({ bytes }) => bytes.length)).toEqual(old.map(({ bytes }) => bytes.length));
          const begin = layers.slice(0, at).reduce((sum, { bytes }) => sum + bytes.length, 0);
          const end = begin + (layers[at] as Layer).bytes.length;
          let from = 0;
          for (const [index, { bytes, name }] of old.entries()) {
            const to = from + bytes.length;
            expect(now[index]?.name === name).toBe(end <= from || begin >= to || begin === end);
            from = to;
          }
        }),
        { numRuns: runs(300, 12) },
      );
    },
    LONG_MS,
  );
});

describe.each([
  ['blazepose-detector', 5],
  ['efficientpose', 5],
  ['movenet-multipose', 7],
] as const)('of %s', (name, count) => {
  let layers: readonly Layer[] = [];
  let before: readonly string[] = [];
  beforeAll(async () => {
    layers = writeTfjs((await readModel(realModel(name))).graph).weights;
    before = names(layers);
  });
  /** Some places, spread over the model. */
  const places = () => [...layers.keys()].filter((index) => index % Math.ceil(layers.length / runs(100, 9)) === 0);

  it(`there are ${count}`, () => expect(before).toHaveLength(count));

  it(
    'one changes with one tensor, one or two with a layer’s kernel and bias',
    () => {
      for (const at of places()) {
        expect(changed(before, layers.with(at, retrained(layers[at] as Layer)))).toBe(1);
        const both = layers.map((each, index) => (index === at || index === at + 1 ? retrained(each) : each));
        expect(changed(before, both)).toBeLessThanOrEqual(2);
      }
    },
    LONG_MS,
  );

  it(
    'few change with a layer that comes in between, goes, or has more classes: the same cuts are found again',
    () => {
      const fresh = [layer('new/kernel', 300_000), layer('new/bias', 512)];
      const counts = places().flatMap((at) => {
        const { name: grown, bytes } = layers[at] as Layer;
        return [
          changed(before, [...layers.slice(0, at), ...fresh, ...layers.slice(at)]),
          changed(before, layers.toSpliced(at, 1)),
          changed(before, layers.with(at, layer(grown, bytes.length + 4_000))),
        ];
      });
      // Where the best cuts lie far apart, one change reaches the next but two.
      expect(Math.max(...counts)).toBeLessThanOrEqual(4);
      expect(counts.reduce((sum, each) => sum + each, 0) / counts.length).toBeLessThan(2);
    },
    LONG_MS,
  );
});
