/** The golden sample: what is fed, what is stored, and which answers a backend may give. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RawOutput } from '../../src/engines/engine.js';
import { compareGolden, goldenFeeds, goldenIndices } from '../../src/golden/sample.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { addModel, op, placeholder, realModel, scratch, writeModel } from '../fixtures/models.js';

const folder = scratch();

/** A stored output whose values are `values`. */
function stored(values: readonly number[], shape: readonly number[] = [values.length]) {
  const bytes = Float32Array.from(values).buffer;
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const golden = { outputs: { y: { shape, offset: 0, count: values.length, min, max } } } as unknown as Manifest['golden'];
  return { manifest: { golden }, bytes };
}

const answer = (values: readonly number[], shape: readonly number[] = [values.length]): Record<string, RawOutput> => ({
  y: { dtype: 'float32', shape, data: Float32Array.from(values) },
});

describe('comparing with the golden sample', () => {
  const ramp = Array.from({ length: 1000 }, (_, index) => index / 999);
  const { manifest, bytes } = stored(ramp);
  const off = (count: number, by: number) => ramp.map((value, index) => (index < count ? value + by : value));

  it('agrees with itself', () => expect(compareGolden(manifest, bytes, answer(ramp))).toEqual({ agrees: true, shareOff: 0 }));
  it('takes rounding', () => expect(compareGolden(manifest, bytes, answer(off(1000, 0.9e-3))).agrees).toBe(true));
  it('takes 0.2 % of values that are off', () =>
    expect(compareGolden(manifest, bytes, answer(off(2, 0.5)))).toEqual({ agrees: true, shareOff: 0.002 }));
  it('refuses more', () => {
    const verdict = compareGolden(manifest, bytes, answer(off(3, 1.1e-3)));
    expect(verdict).toMatchObject({ agrees: false, shareOff: 0.003 });
    expect(verdict.reason).toContain('output "y" is off in 0.3 % of 1000 values');
  });

  it.each([
    ['NaN', ramp.map((value, index) => (index === 500 ? Number.NaN : value)), /not finite/],
    ['infinity', ramp.map((value, index) => (index === 500 ? Number.POSITIVE_INFINITY : value)), /not finite/],
    ['all zeros', ramp.map(() => 0), /all zero/],
    ['a constant', ramp.map(() => 0.5), /same everywhere/],
  ])('refuses %s', (_what, values, reason) => {
    expect(compareGolden(manifest, bytes, answer(values))).toMatchObject({
      agrees: false,
      shareOff: 1,
      reason: expect.stringMatching(reason),
    });
  });

  it('refuses zeros where almost all stored values are zero too', () => {
    const sparse = stored(ramp.map((_, index) => (index === 7 ? 1 : 0)));
    expect(compareGolden(sparse.manifest, sparse.bytes, answer(ramp.map(() => 0))).agrees).toBe(false);
  });
  it('refuses another shape and a missing output', () => {
    expect(compareGolden(manifest, bytes, answer(ramp, [10, 100])).reason).toContain('has shape [10, 100], but should have [1000]');
    expect(compareGolden(manifest, bytes, {}).reason).toBe('output "y" is missing');
  });
  it('measures a single value by itself', () => {
    const one = stored([0.5], [1, 1]);
    expect(compareGolden(one.manifest, one.bytes, answer([0.5004], [1, 1])).agrees).toBe(true);
    expect(compareGolden(one.manifest, one.bytes, answer([0.501], [1, 1])).agrees).toBe(false);
    expect(compareGolden(one.manifest, one.bytes, answer([0], [1, 1])).agrees).toBe(false);
  });
  it('spaces what it stores evenly', () => expect([...goldenIndices(10, 4)]).toEqual([0, 2, 5, 7]));
});

describe('making the golden sample', () => {
  it('feeds seeded numbers where there is no picture, the same ones each time', async () => {
    const { manifest, out } = await pack({ model: writeModel(addModel(), join(folder, 'add')), out: join(folder, 'add-out') });
    const bytes = readFileSync(join(out, manifest.golden.asset.name));
    const [feed] = goldenFeeds(manifest, new Uint8Array(bytes).buffer);
    expect(feed).toMatchObject({ kind: 'tensor', name: 'x', dtype: 'float32', shape: [1, 4] });
    const values = [...(feed as { data: Float32Array }).data];
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const sums = new Float32Array(new Uint8Array(bytes).buffer, manifest.golden.outputs['sumY']?.offset, 4);
    expect([...sums]).toEqual(values.map((value, index) => Math.fround(value + index + 1)));
  });

  it('feeds a picture through the image pipeline', async () => {
    const { manifest, out } = await pack({ model: realModel('liveness'), out: join(folder, 'liveness') });
    const bytes = new Uint8Array(readFileSync(join(out, manifest.golden.asset.name)));
    expect(bytes.length).toBeLessThanOrEqual(65536);
    const [feed] = goldenFeeds(manifest, bytes.buffer);
    expect(feed).toMatchObject({
      kind: 'picture',
      shape: [1, 32, 32, 3],
      picture: { width: 96, height: 96 },
      image: { filter: 'bilinear' },
    });
    expect(manifest.golden.outputs['activation6']).toMatchObject({ shape: [1, 2], count: 2 });
  });

  it('leaves out, by name, outputs that move or carry nothing, and says so', async () => {
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
    const { manifest, warnings } = await pack({ model: writeModel(model, join(folder, 'moves')), out: join(folder, 'moves-out') });
    expect(Object.keys(manifest.golden.outputs)).toEqual(['y']);
    expect(manifest.golden.skipped).toEqual({
      rest: 'it moves when the input is off by a millionth',
      nothing: 'it carries nothing on the golden sample: its spread is 0.0',
      infinite: expect.stringMatching(/not finite on the golden sample; where a predict meets such values it rejects.*nonFinite: 'allow'/),
    });
    expect(warnings.filter((warning) => warning.includes('not checked on backends'))).toHaveLength(3);
  });

  it('sees movement behind the cast of a whole-number input', async () => {
    const model = addModel();
    model.json.modelTopology.node = [
      placeholder('x', [1, 4], 'DT_INT32'),
      { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
      op('cast', 'Cast', ['x'], { DstT: { type: 'DT_FLOAT' } }),
      op('floor', 'Floor', ['cast']),
      op('y', 'AddV2', ['floor', 'w']),
    ];
    model.json.signature = { outputs: { y: { name: 'y' } } };
    const { manifest } = await pack({ model: writeModel(model, join(folder, 'cast')), out: join(folder, 'cast-out') });
    expect(manifest.signature.inputs['x']?.dtype).toBe('int32');
    expect(manifest.golden.skipped).toHaveProperty('y');
  });
});
