/** Whether an unknown value is a packed model. */
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/errors.js';
import { assetsOf, readManifest } from '../../src/manifest.js';
import { fakeModel } from '../fixtures/fakes.js';

/** A good manifest with one field, `a.b.c`, set to something else, or deleted. */
function changed(path: string, value: unknown): unknown {
  const copy = (each: unknown): unknown =>
    Array.isArray(each)
      ? each.map(copy)
      : typeof each === 'object' && each !== null
        ? Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, copy(inner)]))
        : each;
  const manifest = copy(fakeModel().manifest) as Record<string, unknown>;
  const keys = path.split('.');
  const parent = keys.slice(0, -1).reduce((each, key) => each[key] as Record<string, unknown>, manifest);
  if (value === undefined) delete parent[keys.at(-1)!];
  else parent[keys.at(-1)!] = value;
  return manifest;
}

it('gives a good one back as it is', () => {
  const { manifest } = fakeModel();
  expect(readManifest(manifest)).toBe(manifest);
});

it('takes one from another realm, and one that is frozen', () => {
  const { manifest } = fakeModel();
  const foreign = runInNewContext(
    '(json) => JSON.parse(json, (key, value) => key === "sha256" || typeof value !== "object" ? value : { ...value, url: () => "" })',
  );
  expect(() => readManifest(Object.freeze({ ...manifest }))).not.toThrow();
  const parsed = foreign(JSON.stringify({ ...manifest, weights: {} }));
  expect(() => readManifest({ ...parsed, weights: runInNewContext('[]'), signature: manifest.signature })).not.toThrow();
});

it('lists assets in the order in which the engine takes the weights', () => {
  const { manifest } = fakeModel();
  expect(assetsOf(manifest).map(({ name }) => name)).toEqual(['graph.json', '0.bin', '1.bin', '2.bin', 'golden.bin']);
});

it.each([
  ['format', 2, 'but is 2. Pack the model again'],
  ['format', undefined, 'but is undefined'],
  ['format', '1', 'but is "1"'],
  ['name', '', 'should be a text'],
  ['name', 7, 'should be a text'],
  ['hash', undefined, 'should be a text'],
  ['version', null, 'should be a text'],
  ['signature', [], 'should be an object, but is an array'],
  ['signature.inputs', undefined, 'should be an object'],
  ['signature.inputs.x', 'float32', 'should be an object'],
  ['signature.inputs.x.dtype', 'float64', 'should be float32, int32, bool'],
  ['signature.inputs.x.dtype', 'toString', 'should be float32, int32, bool'],
  ['signature.inputs.x.node', '', 'should be a text'],
  ['signature.outputs.y.shape', [1, -4], 'should be sizes'],
  ['signature.outputs.y.shape', [1, 0.5], 'should be sizes'],
  ['signature.outputs.y.shape', '1,4', 'should be sizes'],
  ['graph', undefined, 'should be an object'],
  ['graph.url', 'https://models.test/graph.json', 'Import the packed folder'],
  ['graph.sha256', 'ABC', 'should be 64 hex digits'],
  ['graph.sha256', 'A'.repeat(64), 'should be 64 hex digits'],
  ['graph.bytes', -1, 'should be a length in bytes'],
  ['graph.bytes', Number.NaN, 'should be a length in bytes'],
  ['graph.bytes', 2 ** 53, 'should be a length in bytes'],
  ['weights', {}, 'should be an array'],
  ['weights.1.bytes', '50', 'should be a length in bytes'],
  ['golden', undefined, 'should be an object'],
  ['golden.asset.name', '', 'should be a text'],
  ['golden.inputs', null, 'should be an object'],
  ['missingKernels', undefined, 'should be an object'],
])('refuses %s of %j, naming the field', (path, value, message) => {
  const field = path.replace(/\.(\d)/, '[$1]');
  expect(() => readManifest(changed(path, value))).toThrow(
    expect.objectContaining({ code: 'manifest', message: expect.stringContaining(message), detail: expect.objectContaining({ field }) }),
  );
});

it.each([
  [undefined],
  [null],
  [1],
  ['./models/pose/model.js'],
  [[]],
  [{}],
  [Promise.resolve(fakeModel().manifest)],
  [{ default: fakeModel().manifest }],
])('refuses what is no manifest at all: %j', (value) => {
  expect(() => readManifest(value)).toThrow(expect.objectContaining({ code: 'manifest' }));
});

describe('never throws anything but a PannierError', () => {
  const paths = [
    'format',
    'name',
    'signature',
    'signature.inputs.x',
    'signature.inputs.x.shape',
    'graph',
    'graph.name',
    'graph.bytes',
    'weights',
    'weights.0',
    'golden',
    'golden.asset',
  ];
  it('for any value at any place', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.anything({ withNullPrototype: true, withObjectString: true, withBigInt: true, withTypedArray: true }),
        (path, value) => {
          try {
            readManifest(changed(path, value));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(PannierError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
  it('for objects without a prototype and symbols', () => {
    for (const value of [Object.create(null), Symbol('x'), { toString: null }]) {
      expect(() => readManifest(changed('name', value))).toThrow(expect.objectContaining({ code: 'manifest' }));
    }
  });
});
