/** The golden samples: what is fed, what is stored, and which answers a backend may give. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RawOutput } from '../../src/engines/engine.js';
import { compareGolden, goldenIndices } from '../../src/golden/compare.js';
import { goldenFeeds } from '../../src/golden/feeds.js';
import type { GoldenOutput, GoldenSample } from '../../src/manifest/manifest.js';
import type { Pixels } from '../../src/manifest/signature.js';
import { type PackOptions, pack } from '../../src/pack/index.js';
import type { PictureFeed, TensorFeed } from '../../src/preprocess/feed.js';
import { toTensor } from '../../src/preprocess/resize.js';
import { addModel, op, placeholder, type RawModel, realModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();

/** Compares an output `y` of these values with answers. */
function comparing(values: readonly number[], shape: GoldenOutput['shape'] = [values.length]) {
  const bytes = Float32Array.from(values).buffer;
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const sample = { outputs: { y: { shape, values: { offset: 0, count: values.length, min, max } } } };
  return (outputs: Record<string, RawOutput>) => compareGolden({ y: { dtype: 'float32' } }, sample, bytes, outputs);
}

const answer = (values: readonly number[], shape: readonly number[] = [values.length]): Record<string, RawOutput> => ({
  y: { dtype: 'float32', shape, data: Float32Array.from(values) },
});

describe('comparing with the golden sample', () => {
  const ramp = Array.from({ length: 1000 }, (_, index) => index / 999);
  const compare = comparing(ramp);
  const off = (count: number, by: number) => ramp.map((value, index) => (index < count ? value + by : value));

  it('agrees with itself', () => expect(compare(answer(ramp))).toEqual({ agrees: true, shareOff: 0 }));
  it('takes rounding', () => expect(compare(answer(off(1000, 0.9e-3))).agrees).toBe(true));
  it('takes 0.2 % of values that are off', () => expect(compare(answer(off(2, 0.5)))).toEqual({ agrees: true, shareOff: 0.002 }));
  it('refuses more', () => {
    const verdict = compare(answer(off(3, 1.1e-3)));
    expect(verdict).toMatchObject({ agrees: false, shareOff: 0.003 });
    expect(verdict.reason).toContain('output "y" is off in 0.3 % of 1000 values');
  });

  it.each([
    ['NaN', ramp.map((value, index) => (index === 500 ? Number.NaN : value)), /not finite/],
    ['infinity', ramp.map((value, index) => (index === 500 ? Number.POSITIVE_INFINITY : value)), /not finite/],
    ['all zeros', ramp.map(() => 0), /all zero/],
    ['a constant', ramp.map(() => 0.5), /same everywhere/],
  ])('refuses %s', (_what, values, reason) =>
    expect(compare(answer(values))).toMatchObject({ agrees: false, shareOff: 1, reason: expect.stringMatching(reason) }),
  );

  it('refuses zeros where almost all stored values are zero too', () =>
    expect(comparing(ramp.map((_, index) => (index === 7 ? 1 : 0)))(answer(ramp.map(() => 0))).agrees).toBe(false));
  it('refuses another shape, another dtype and a missing output', () => {
    expect(compare(answer(ramp, [10, 100])).reason).toContain('has shape [10, 100], but should have [1000]');
    expect(compare({ y: { dtype: 'int32', shape: [1000], data: new Int32Array(1000) } })).toEqual({
      ...{ agrees: false, shareOff: 1, reason: 'output "y" is int32, but should be float32' },
    });
    expect(compare({}).reason).toBe('output "y" is missing');
  });
  it('compares dtype and shape where values cannot be compared, but for sizes that change', () => {
    const sample = { outputs: { y: { shape: [null, 2] } } };
    const verdict = (got: RawOutput) => compareGolden({ y: { dtype: 'int32' } }, sample, new ArrayBuffer(0), { y: got });
    const got = (...shape: number[]): RawOutput => ({ dtype: 'int32', shape, data: new Int32Array(shape.reduce((a, b) => a * b, 1)) });
    expect(verdict(got(7, 2))).toEqual({ agrees: true, shareOff: 0 });
    expect(verdict(got(7, 3)).reason).toBe('output "y" has shape [7, 3], but should have [?, 2]');
    expect(verdict(got(14)).agrees).toBe(false);
    expect(verdict({ ...got(7, 2), dtype: 'bool' }).reason).toContain('is bool, but should be int32');
  });
  it('measures a single value by itself', () => {
    const one = comparing([0.5], [1, 1]);
    expect(one(answer([0.5004], [1, 1])).agrees).toBe(true);
    expect(one(answer([0.501], [1, 1])).agrees).toBe(false);
    expect(one(answer([0], [1, 1])).agrees).toBe(false);
  });
  it('measures a value that is the same everywhere by itself, and zeros by a millionth', () => {
    const halves = comparing([0.5, 0.5, 0.5]);
    expect([0.5, 0.5004, 0.501, 0].map((value) => halves(answer([value, value, value])).agrees)).toEqual([true, true, false, false]);
    const zeros = comparing([0, 0, 0]);
    expect([0, 0.9e-6, 1.1e-6].map((value) => zeros(answer([value, 0, 0])).agrees)).toEqual([true, true, false]);
    expect(zeros(answer([0, Number.NaN, 0])).agrees).toBe(false);
  });
  it('takes the rounding of float32 where values lie close together', () => {
    const close = comparing([0.5, 0.50001, 0.50002]);
    expect([4e-6, 6e-6].map((by) => close(answer([0.5, 0.50001 + by, 0.50002])).agrees)).toEqual([true, false]);
    const closer = comparing([0.5, 0.500001, 0.500002]);
    expect(closer(answer([0.500001, 0.500001, 0.500001])).agrees).toBe(true);
    expect(closer(answer([0, 0, 0])).agrees).toBe(false);
  });
  it('spaces what it stores evenly', () => expect([...goldenIndices(10, 4)]).toEqual([0, 2, 5, 7]));
});

/** A packed model, its warnings, and the feeds of its samples. */
async function packed(name: string, model: string | RawModel, options: Partial<PackOptions> = {}) {
  const path = typeof model === 'string' ? model : writeModel(model, join(folder, name));
  const { manifest, warnings, out } = await pack({ model: path, out: join(folder, `${name}-out`), ...options });
  const bytes = new Uint8Array(readFileSync(join(out, manifest.golden.asset.name))).buffer;
  const feedsOf = (sample: GoldenSample) => goldenFeeds(manifest.signature.inputs, sample, bytes);
  /** The stored values of an output in each sample. */
  const stored = (output: string) =>
    manifest.golden.samples.map(({ outputs }) => {
      const { offset = 0, count = 0 } = outputs[output]?.values ?? {};
      return [...new Float32Array(bytes, offset, count)];
    });
  const { samples, batch } = manifest.golden;
  return { manifest, warnings, bytes, stored, feeds: samples.map(feedsOf), batch: batch === undefined ? [] : feedsOf(batch) };
}

describe('making the golden samples', () => {
  it('feeds seeded numbers of both signs where there is no picture, others in the second sample, the same ones each time', async () => {
    const { manifest, feeds, stored, warnings } = await packed('add', addModel());
    expect([warnings, manifest.golden.truth]).toEqual([[], 'reference']);
    const [first, second] = feeds.map(([feed]) => [...(feed as TensorFeed).data]) as [number[], number[]];
    for (const values of [first, second]) {
      expect(values).toHaveLength(4);
      expect(values.every((value) => value >= -2 && value < 2)).toBe(true);
    }
    expect([...first, ...second].filter((value) => value < 0).length).toBeGreaterThan(1);
    expect(new Set([...first, ...second]).size).toBe(8);
    const sums = (values: readonly number[]) => values.map((value, index) => Math.fround(value + index + 1));
    expect(stored('sumY')).toEqual([sums(first), sums(second)]);
    const again = await packed('add again', addModel());
    expect(again.manifest.golden.asset.sha256).toBe(manifest.golden.asset.sha256);
  });

  it('feeds a picture through the image pipeline, and its mirror image', async () => {
    const { manifest, bytes, feeds } = await packed('liveness', realModel('liveness'));
    expect(bytes.byteLength).toBeLessThanOrEqual(65536);
    const pictures = feeds.map(([feed]) => feed as PictureFeed);
    for (const feed of pictures)
      expect(feed).toMatchObject({
        kind: 'picture',
        shape: [1, 32, 32, 3],
        picture: { width: 40, height: 40 },
        image: { filter: 'bilinear' },
      });
    const [plain, mirrored] = pictures.map(({ picture, image, dtype, map }) => [...toTensor(picture as Pixels, image, dtype, map)]);
    const row = (values: readonly number[] | undefined, y: number) =>
      Array.from({ length: 32 }, (_, x) => values?.slice((y * 32 + x) * 3, (y * 32 + x + 1) * 3));
    expect(row(mirrored, 9).flat()).toEqual(row(plain, 9).toReversed().flat());
    expect(row(mirrored, 9)).not.toEqual(row(plain, 9));
    for (const { outputs } of manifest.golden.samples)
      expect(outputs['activation6']).toMatchObject({ shape: [1, 2], values: { count: 2 } });
  });

  it('of many outputs fit into 64 KiB', async () => {
    const model = addModel([1, 4096], new Float32Array(4096).fill(1));
    const names = Array.from({ length: 20 }, (_, index) => `y${index}`);
    for (const name of names) model.json.modelTopology.node.push(op(name, 'Tanh', ['y'], { T: { type: 'DT_FLOAT' } }));
    model.json.signature = { outputs: Object.fromEntries(names.map((name) => [name, { name }])) };
    const { manifest, bytes } = await packed('many', model);
    expect(bytes.byteLength).toBeLessThanOrEqual(65536);
    for (const { outputs } of manifest.golden.samples)
      for (const { values } of Object.values(outputs)) expect(values?.count).toBeGreaterThan(300);
  });

  it('leaves out, by name, outputs that move or are not finite, names those that say nothing, and holds all to their shapes', async () => {
    const model = addModel();
    const { node } = model.json.modelTopology;
    // floor(x · 1e7) modulo 3 is another at every millionth.
    node.push(
      { name: 'many', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
      op('large', 'Mul', ['x', 'many']),
      op('steps', 'Floor', ['large']),
    );
    node.push(op('rest', 'FloorMod', ['steps', 'w']), op('nothing', 'Sub', ['x', 'x']), op('infinite', 'Log', ['nothing']));
    model.json.weightsManifest[0]?.weights.push({ name: 'many', shape: [], dtype: 'float32' });
    model.files['w.bin'] = new Uint8Array(Float32Array.of(3, 3, 3, 3, 1e7).buffer);
    model.json.signature = {
      outputs: { y: { name: 'y' }, rest: { name: 'rest' }, nothing: { name: 'nothing' }, infinite: { name: 'infinite' } },
    };
    const { manifest, warnings } = await packed('moves', model);
    for (const { outputs } of manifest.golden.samples) {
      expect(Object.entries(outputs).map(([name, { shape, values }]) => [name, shape, values !== undefined])).toEqual([
        ['y', [1, 4], true],
        ['rest', [1, 4], false],
        ['nothing', [1, 4], true],
        ['infinite', [1, 4], false],
      ]);
    }
    expect(manifest.golden.skipped).toEqual({
      rest: 'it moves when the input is off by a millionth',
      infinite: expect.stringMatching(/not finite on the golden sample; where a predict meets such values it rejects.*nonFinite: 'allow'/),
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^Output "rest" is not checked on backends: it moves/),
      expect.stringMatching(/^Output "infinite" is not checked on backends: .*not finite/),
      'Output "nothing" tells little about a backend: it is 0 everywhere in both golden samples.',
    ]);
  });

  it('takes floats in [0, 1) where the model has no answer to negative ones, and says so', async () => {
    const model = addModel();
    model.json.modelTopology.node.push(op('z', 'Sqrt', ['x'], { T: { type: 'DT_FLOAT' } }));
    model.json.signature = { outputs: { y: { name: 'y' }, z: { name: 'z' } } };
    const { manifest, feeds, warnings } = await packed('root', model);
    for (const [feed] of feeds) expect([...(feed as TensorFeed).data].every((value) => value >= 0 && value < 1)).toBe(true);
    expect(manifest.golden.skipped).toEqual({});
    expect(warnings).toEqual([
      'The golden samples hold floats from 0 to 1, and none below 0: for floats of both signs, output "z" is not finite.',
    ]);
  });

  it('and where it fails on negative ones, as a table that floats are looked up in does', async () => {
    const model = addModel();
    model.json.modelTopology.node = [
      placeholder('x', [1, 4]),
      { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
      { name: 'axis', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
      // Beyond an op that computes, nothing bounds the input.
      op('double', 'AddV2', ['x', 'x']),
      op('ids', 'Cast', ['double'], { SrcT: { type: 'DT_FLOAT' }, DstT: { type: 'DT_INT32' } }),
      op('rows', 'GatherV2', ['w', 'ids', 'axis']),
      op('y', 'AddV2', ['rows', 'x']),
    ];
    model.json.weightsManifest[0]?.weights.push({ name: 'axis', shape: [], dtype: 'int32' });
    model.files['w.bin'] = Buffer.concat([Buffer.from(Float32Array.of(1, 2, 3, 4).buffer), Buffer.from(Int32Array.of(0).buffer)]);
    model.json.weightsManifest[0]!.weights[0]!['shape'] = [4];
    model.json.signature = { outputs: { y: { name: 'y' } } };
    const { warnings } = await packed('embedding', model);
    expect(warnings).toEqual([
      expect.stringMatching(
        /none below 0: for floats of both signs, it fails \(The graph does not run: Node "rows" \(GatherV2\) becomes gather, which takes index -\d/,
      ),
    ]);
  });

  it('keeps both signs where [0, 1) is no better', async () => {
    const model = addModel();
    model.json.modelTopology.node.push(op('none', 'Sub', ['x', 'x']), op('z', 'Log', ['none'], { T: { type: 'DT_FLOAT' } }));
    model.json.signature = { outputs: { y: { name: 'y' }, z: { name: 'z' } } };
    const { manifest, warnings } = await packed('always', model);
    expect(manifest.golden.samples[0].inputs['x']).toMatchObject({ low: -2, high: 2 });
    expect(warnings).toEqual([expect.stringContaining('Output "z" is not checked')]);
  });

  it('sees movement behind the cast of a whole-number input', async () => {
    const { manifest } = await packed('cast', castModel({ y: { name: 'y' }, kept: { name: 'kept' } }));
    expect(manifest.signature.inputs['x']?.dtype).toBe('int32');
    expect(Object.keys(manifest.golden.skipped)).toEqual(['y']);
  });

  it('refuses a model of which no output can be compared, with each reason', async () => {
    await expect(packed('nothing', castModel({ y: { name: 'y' } }))).rejects.toMatchObject({
      code: 'model-format',
      message: expect.stringMatching(
        /^No output can be compared on backends.*: output "y": it moves when the input is off by a millionth\. Give a golden picture/,
      ),
    });
  });
});

describe('making the golden batch', () => {
  it('feeds three rows that differ where the batch is open', async () => {
    const { manifest, bytes, batch } = await packed('batch', addModel([-1, 4]));
    const { shape, data } = batch[0] as TensorFeed;
    expect(shape).toEqual([3, 4]);
    expect(new Set(data).size).toBe(12);
    const { offset, count } = manifest.golden.batch?.outputs['sumY']?.values ?? { offset: 0, count: 0 };
    const sums = [...data].map((value, index) => Math.fround(value + (index % 4) + 1));
    expect([manifest.golden.batch?.outputs['sumY']?.shape, ...new Float32Array(bytes, offset, count)]).toEqual([[3, 4], ...sums]);
  });

  it('feeds a picture, its mirror image and its negative', async () => {
    const { manifest, feeds, batch } = await packed('batch of pictures', realModel('liveness'));
    const { kind, shape, data } = batch[0] as TensorFeed;
    expect([kind, shape]).toEqual(['tensor', [3, 32, 32, 3]]);
    const rows = [0, 1, 2].map((row) => [...data.subarray(row * 3072, (row + 1) * 3072)]);
    const samples = feeds.map(([feed]) => {
      const { picture, image, dtype, map } = feed as PictureFeed;
      return [...toTensor(picture as Pixels, image, dtype, map)];
    });
    expect(rows.slice(0, 2)).toEqual(samples);
    for (const [index, value] of (rows[2] as number[]).entries()) expect(value).toBeCloseTo(1 - (rows[0]?.[index] as number), 5);
    expect(manifest.golden.batch?.outputs['activation6']).toMatchObject({ shape: [3, 2], values: { count: 6 } });
  });

  it('is none where no batch is open, or where the samples have several rows', async () => {
    expect((await packed('closed', addModel())).manifest.golden).not.toHaveProperty('batch');
    const several = await packed('several', addModel([-1, 4]), { inputs: { x: { shape: [2, 4] } } });
    expect(several.manifest.golden).not.toHaveProperty('batch');
  });

  it('is none where the graph runs with one row alone, and a warning says so', async () => {
    const model = addModel([-1, 4]);
    model.json.modelTopology.node.push(
      { name: 'four', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
      op('flat', 'Reshape', ['y', 'four']),
    );
    model.json.weightsManifest[0]?.weights.push({ name: 'four', shape: [1], dtype: 'int32' });
    model.files['w.bin'] = Buffer.concat([model.files['w.bin'] as Uint8Array, Buffer.from(Int32Array.of(4).buffer)]);
    model.json.signature = { outputs: { flat: { name: 'flat' } } };
    const { manifest, warnings } = await packed('one row', model);
    expect(manifest.golden).not.toHaveProperty('batch');
    expect(warnings).toEqual([
      expect.stringMatching(/^The signature leaves the batch open, but the graph does not run with 3 rows: The graph does not run: .*12/),
    ]);
  });
});

/** `y` = floor(x) + w, which moves behind the cast, and `kept` = x · w. */
function castModel(outputs: Record<string, { name: string }>): RawModel {
  const model = addModel();
  model.json.modelTopology.node = [
    placeholder('x', [1, 4], 'DT_INT32'),
    { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
    op('cast', 'Cast', ['x'], { DstT: { type: 'DT_FLOAT' } }),
    op('floor', 'Floor', ['cast']),
    op('y', 'AddV2', ['floor', 'w']),
    op('kept', 'Mul', ['cast', 'w']),
  ];
  model.json.signature = { outputs };
  return model;
}
