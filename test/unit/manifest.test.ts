/** Whether an unknown value is a packed model. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { allAssetsOf, assetsOf } from '../../src/manifest/assets.js';
import { checkDetails } from '../../src/manifest/details.js';
import { type Manifest, readManifest } from '../../src/manifest/manifest.js';
import { compiledFake, fakeModel, goldenWith } from '../fixtures/fakes.js';

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

/** A path as messages write it: keys that somebody chose are quoted. */
const told = (path: string) => path.replace(/(inputs|outputs|refused)\.(\w+)/, '$1["$2"]').replace(/\.(\d)/, '[$1]');

/** Both halves of the check, in the order of a load. */
function check(source: unknown): void {
  checkDetails(readManifest(source));
}

it('gives a good one back as it is', () => {
  const { manifest } = fakeModel();
  expect(readManifest(manifest)).toBe(manifest);
});

it.each([
  [
    'the promise of a module',
    () => import('../fixtures/fakes.js'),
    /should be a packed model, but is Promise\. Await it, and pass its default export\./,
  ],
  ['a promise of a model', async () => fakeModel().manifest, /but is Promise\. Await it/],
  ['a module', () => ({ default: fakeModel().manifest }), /should be a packed model, but is an object\. Pass its default export\./],
])('says what to do with %s', (_what, make, message) =>
  expect(() => readManifest(make())).toThrow(expect.objectContaining({ code: 'manifest', message: expect.stringMatching(message) })),
);

it('takes one from another realm, and one that is frozen', () => {
  const { manifest } = fakeModel();
  const foreign = runInNewContext(
    '(json) => JSON.parse(json, (key, value) => Object.hasOwn(Object(value), "sha256") ? { ...value, url: () => "" } : value)',
  );
  expect(() => check(foreign(JSON.stringify(manifest)))).not.toThrow();
});

it('lists assets in the order in which the engine takes the weights', () => {
  const { manifest } = fakeModel();
  const { graph } = manifest.targets.tfjs;
  expect(assetsOf(manifest, [graph]).map(({ name }) => name)).toEqual(['tfjs.json', '0.bin', '1.bin', '2.bin', 'golden.bin']);
  expect(
    allAssetsOf(compiledFake())
      .map(({ name }) => name)
      .slice(0, 3),
  ).toEqual(['simd.wasm', 'relaxed.wasm', 'tfjs.json']);
});

it.each([
  ['format', 1, 'should be 2, but is 1. Pack the model again'],
  ['format', 3, 'but is 3. Pack the model again'],
  ['format', undefined, 'but is undefined'],
  ['format', '1', 'but is "1"'],
  ['name', '', 'should be a text'],
  ['name', 7, 'should be a text'],
  ['hash', undefined, 'should be a text'],
  ['version', null, 'should be a text'],
  ['signature', [], 'should be an object, but is an array'],
  ['signature.inputs', undefined, 'should be an object'],
  ['signature.inputs.x', 'float32', 'should be an object'],
  ['signature.inputs.x.dtype', 'float64', 'should be "float32" or "int32" or "bool"'],
  ['signature.inputs.x.dtype', 'toString', 'should be "float32" or "int32" or "bool"'],
  ['signature.outputs.y.shape', [1, -4], 'should be sizes'],
  ['signature.outputs.y.shape', [1, 0.5], 'should be sizes'],
  ['signature.outputs.y.shape', '1,4', 'should be sizes'],
  ['graph', undefined, 'should be an object'],
  ['graph.sha256', 7, 'should be a text'],
  ['targets.tfjs.graph.url', 'https://models.test/tfjs.json', 'Import the packed folder'],
  ['targets.tfjs.graph.sha256', 'ABC', 'should be 64 hex digits'],
  ['targets.tfjs.graph.sha256', 'A'.repeat(64), 'should be 64 hex digits'],
  ['targets.tfjs.graph.bytes', -1, 'should be a length in bytes'],
  ['targets.tfjs.graph.bytes', Number.NaN, 'should be a length in bytes'],
  ['targets.tfjs.graph.bytes', 2 ** 53, 'should be a length in bytes'],
  ['targets.tfjs.graph.bytes', 2 ** 31 + 1, 'should be a length in bytes'],
  ['weights', {}, 'should be an array'],
  ['weights.1.bytes', '50', 'should be a length in bytes'],
  ['golden', undefined, 'should be an object'],
  ['golden.asset.name', '', 'should be a text'],
  ['golden.samples.0.inputs', null, 'should be an object'],
  ['golden.samples.0.inputs.x.kind', 'picture', 'should be "uniform"'],
  ['golden.samples.0.inputs.x.seed', Number.NaN, 'should be a seed, low and high', 'golden.samples.0.inputs.x'],
  ['golden.samples.0.inputs.x.shape', [null, 4], 'should be sizes'],
  ['golden.samples.0.inputs.x.shape', [2 ** 26, 2], 'should be sizes of at most 67108864 values, but is 134217728'],
  ['golden.truth', 'wasm', 'should be "reference" or "tfjs-cpu"'],
  ['golden.samples', undefined, 'should be an array of two'],
  ['golden.samples', [{ inputs: {}, outputs: {} }], 'should be an array of two'],
  ['golden.samples.1', null, 'should be an object'],
  ['golden.batch', { inputs: {}, outputs: null }, 'should be an object', 'golden.batch.outputs'],
  ['golden.samples.1.outputs.y.values', 5, 'should be an object'],
  ['golden.samples.0.outputs.y.shape', [1, -4], 'should be sizes, null where open'],
  ['golden.samples.0.outputs.y.shape', [2 ** 40], 'should be sizes of at most 67108864 values'],
  ['golden.samples.0.inputs.z', { kind: 'uniform', seed: 1, low: 0, high: 1, shape: [1, 4] }, 'should be of an input in the signature'],
  ['golden.samples.0.outputs', [], 'should be an object'],
  ['golden.samples.0.outputs.z', { shape: [1] }, 'should be of an output in the signature'],
  ['golden.samples.0.outputs.y.values.offset', 4, 'should be float32 values within the 16 bytes', 'golden.samples.0.outputs.y.values'],
  ['golden.samples.0.outputs.y.values.offset', -4, 'should be float32 values', 'golden.samples.0.outputs.y.values'],
  ['golden.samples.0.outputs.y.values.count', 5, 'should be float32 values', 'golden.samples.0.outputs.y.values'],
  ['golden.samples.0.outputs.y.values.count', 1e300, 'should be float32 values', 'golden.samples.0.outputs.y.values'],
  ['golden.samples.0.outputs.y.values.min', null, 'should be a finite number'],
  ['controlFlow', 0, 'should be true or false'],
  ['flops', undefined, 'should be a number from 0 up'],
  ['largestWeightBytes', '60', 'should be a number from 0 up'],
  ['residentBytes', Number.POSITIVE_INFINITY, 'should be a number from 0 up'],
  ['intermediateBytes', undefined, 'should be a number from 0 up'],
  ['targets', undefined, 'should be an object'],
  ['targets.tfjs', undefined, 'should be an object'],
  ['targets.compiled', null, 'should be an object'],
  ['targets.compiled', {}, 'should be an object', 'targets.compiled.refused'],
  ['targets.compiled', { refused: { wasm: 1 } }, 'should be a text', 'targets.compiled.refused.wasm'],
  ['targets.compiled', { refused: {}, simd: 'simd.wasm' }, 'should be an object', 'targets.compiled.simd'],
  ['targets.tfjs.graph', undefined, 'should be an object'],
  ['targets.tfjs.refused', undefined, 'should be an object'],
  ['targets.tfjs.refused.wasm', ['Conv2D'], 'should be a text'],
  ['signature.outputs.y.labels', ['a', 7], 'should be an array of texts'],
  ['signature.outputs.y.values', 'softmax', 'should be "logits" or "probabilities"'],
  ['signature.inputs.x.image', 'rgb', 'should be an object'],
  ['packedAt', '2026-02-31', 'should be an ISO date'],
  ['packedAt', 5, 'should be an ISO date'],
  ['staleAfterDays', '90', 'should be a number from 0 up'],
  ['drift', [], 'should be an object'],
  ['drift', { output: 'toString', edges: [], counts: [1], answers: 1 }, 'should be "y", but is "toString"', 'drift.output'],
  ['drift', { output: 'y', edges: [0.5, 0.5], counts: [1, 2, 3], answers: 1 }, 'should be ascending numbers', 'drift.edges'],
  ['drift', { output: 'y', edges: 5, counts: [1], answers: 1 }, 'should be ascending numbers', 'drift.edges'],
  ['drift', { output: 'y', edges: [Number.NaN], counts: [1, 2], answers: 1 }, 'should be ascending numbers', 'drift.edges'],
  ['drift', { output: 'y', edges: [0.5], counts: [1] }, 'should be a whole number for each bin', 'drift.counts'],
  ['drift', { output: 'y', edges: [0.5], counts: [1, -1] }, 'should be a whole number for each bin', 'drift.counts'],
  ['drift', { output: 'y', edges: [0.5], counts: [1, '2'] }, 'should be a whole number for each bin', 'drift.counts'],
  ['drift', { output: 'y', edges: [0.5], counts: [1, 2] }, 'should be a whole number', 'drift.answers'],
  // Places that were never filled.
  ['drift', { output: 'y', edges: [0.5], counts: Array(2), answers: 1 }, 'should be a whole number for each bin', 'drift.counts'],
  ['signature.inputs.x.shape', Array(2), 'should be sizes, null where open'],
  ['staleAfterDays', Number.NaN, 'should be a number from 0 up'],
] as [path: string, value: unknown, message: string, field?: string][])(
  'refuses %s of %j, naming the field',
  (path, value, message, field = path) => {
    expect(() => check(changed(path, value))).toThrow(
      expect.objectContaining({
        code: 'manifest',
        message: expect.stringContaining(message),
        detail: expect.objectContaining({ field: told(field) }),
      }),
    );
  },
);

/** As MoveNet has it. */
const IMAGE = {
  ...{ width: 2, height: 2, fit: 'stretch', filter: 'bilinear', channels: 'rgb', layout: 'nhwc' },
  ...{ scale: [1, 1, 1], offset: [0, 0, 0] },
};

describe('pictures', () => {
  const field = 'signature.inputs.x.image';
  it('are taken as they should be', () => {
    expect(() => check(changed(field, IMAGE))).not.toThrow();
    expect(() => check(changed(field, { ...IMAGE, channels: 'gray', scale: [1], offset: [0] }))).not.toThrow();
  });
  it.each([
    ['width', 0, 'should be a size in pixels'],
    ['height', undefined, 'should be a size in pixels'],
    ['fit', 'crop', 'should be "stretch" or "contain" or "cover"'],
    ['filter', null, 'should be "bilinear" or "area" or "nearest" or "browser"'],
    ['channels', 'rgba', 'should be "rgb" or "bgr" or "gray"'],
    ['layout', 'chw', 'should be "nhwc" or "nchw"'],
    ['scale', [1], 'should be 3 finite numbers, one per channel'],
    ['scale', 1, 'should be 3 finite numbers'],
    ['background', 256, 'should be a number from 0 to 255'],
    ['background', '114', 'should be a number from 0 to 255'],
    ['offset', [0, 0, Number.NaN], 'should be 3 finite numbers'],
  ])('but not with %s of %j', (key, value, message) => {
    expect(() => check(changed(field, { ...IMAGE, [key]: value }))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        detail: expect.objectContaining({ field: told(`${field}.${key}`) }),
      }),
    );
  });
  it('are none that fill a memory', () => {
    const image = { ...IMAGE, width: 2 ** 13, height: 2 ** 13 };
    expect(() => check(changed(field, image))).toThrow('should be a picture of at most 67108864 values, but is 201326592');
  });
  it('of a golden sample end within its bytes', () => {
    const manifest = changed(field, IMAGE) as Manifest;
    const picture = (width: unknown) => {
      const x = { kind: 'picture', offset: 0, width, height: 1, variant: 1, shape: [1, 2, 2, 3] };
      return { ...manifest, golden: goldenWith(manifest.golden, { inputs: { x } as never }) };
    };
    expect(() => check(picture(5))).not.toThrow();
    for (const width of [6, 0, Number.NaN, '5', 2 ** 53, Symbol('5'), 5n])
      expect(() => check(picture(width))).toThrow('should be a picture within the 16 bytes of its asset');
  });
  it('of a golden sample have the sizes of the input’s pictures', () => {
    const manifest = changed(field, IMAGE) as Manifest;
    const shaped = (...shape: readonly number[]) => {
      const x = { kind: 'picture', offset: 0, width: 1, height: 1, variant: 1, shape };
      return { ...manifest, golden: goldenWith(manifest.golden, { inputs: { x } as never }) };
    };
    for (const count of [0, 1, 3]) expect(() => check(shaped(count, 2, 2, 3))).not.toThrow();
    for (const shape of [[2, 2, 3], [1, 2, 2, 1], [1, 12], []])
      expect(() => check(shaped(...shape))).toThrow('should be the sizes of pictures of 12 values');
  });
});

describe('columns', () => {
  const field = 'signature.inputs.x.columns';
  const columns = [
    { name: 'a', mean: 0, std: 1 },
    { name: 'b', categories: ['x', 'y', 'z'], encode: 'one-hot' },
  ];
  it('are taken as they should be', () => {
    expect(() => check(changed(field, columns))).not.toThrow();
    const manifest = changed(field, columns) as Manifest;
    const inputs = { x: { kind: 'rows', seed: 1, shape: [1, 4] } } as const;
    expect(() => check({ ...manifest, golden: goldenWith(manifest.golden, { inputs }) })).not.toThrow();
    expect(() => check({ ...(changed('golden', goldenWith(manifest.golden, { inputs })) as Manifest) })).toThrow(
      'golden.samples[0].inputs["x"].kind',
    );
    const many = { x: { kind: 'rows', seed: 1, shape: [2 ** 16 + 1, 4] } } as const;
    expect(() => check({ ...manifest, golden: goldenWith(manifest.golden, { inputs: many }) })).toThrow(
      'should be at most 65536 rows, but is 65537',
    );
  });
  it.each<[unknown, string, string]>([
    ['a, b', 'should be an array of columns', field],
    [[columns[0]], 'should be columns that fill the 4 values of a row, but is 1', field],
    [[{ name: '' }, columns[1]], 'should be a text', `${field}[0].name`],
    [[{ name: 'a', mean: '0', std: 1 }, columns[1]], 'should be a finite number', `${field}[0].mean`],
    [[{ name: 'a', mean: 0, std: 0 }, columns[1]], 'should be a number above 0', `${field}[0].std`],
    [[columns[0], { ...columns[1], categories: [] }], 'should be an array of categories', `${field}[1].categories`],
    [[columns[0], { ...columns[1], encode: 'hash' }], 'should be "one-hot" or "index"', `${field}[1].encode`],
    [[columns[0], null], 'should be an object', `${field}[1]`],
  ])('but not as %j', (value, message, place) => {
    expect(() => check(changed(field, value))).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), detail: expect.objectContaining({ field: told(place) }) }),
    );
  });
});

describe('lengths', () => {
  const field = 'signature.inputs.x.pad';
  /** With an open axis. */
  const padded = (pad: unknown) => {
    const manifest = changed(field, pad) as Manifest;
    const x = { ...manifest.signature.inputs['x']!, shape: [1, null] };
    return { ...manifest, signature: { ...manifest.signature, inputs: { x } } };
  };
  const pad = { to: [4, 8], axis: 1, value: 0 };
  it('are taken as they should be', () => {
    expect(() => check(padded(pad))).not.toThrow();
    expect(() => check(changed('signature.outputs.y.lengthAxes', [1]))).not.toThrow();
  });
  it.each<[unknown, string, string]>([
    [[4, 8], 'should be an object', field],
    [{ ...pad, to: 8 }, 'should be ascending lengths', `${field}.to`],
    [{ ...pad, to: [] }, 'should be ascending lengths', `${field}.to`],
    [{ ...pad, to: [8, 4] }, 'should be ascending lengths', `${field}.to`],
    [{ ...pad, to: [0, 4] }, 'should be ascending lengths', `${field}.to`],
    [{ ...pad, axis: 0 }, 'should be an open axis', `${field}.axis`],
    [{ ...pad, axis: 2 }, 'should be an open axis', `${field}.axis`],
    [{ ...pad, value: '0' }, 'should be a finite number', `${field}.value`],
  ])('but not as %j', (value, message, place) => {
    expect(() => check(padded(value))).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), detail: expect.objectContaining({ field: told(place) }) }),
    );
  });
  it('nor axes that are none', () => {
    for (const axes of [1, [-1], ['1']]) expect(() => check(changed('signature.outputs.y.lengthAxes', axes))).toThrow('should be sizes');
  });
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
  expect(() => check(value)).toThrow(expect.objectContaining({ code: 'manifest' }));
});

it('never throws anything but a PannierError for objects without a prototype and symbols', () => {
  for (const value of [Object.create(null), Symbol('x'), { toString: null }]) {
    expect(() => check(changed('name', value))).toThrow(expect.objectContaining({ code: 'manifest' }));
  }
});
