/** Option `drift`: what the packer counts of samples, and which options it refuses. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packUnlimited } from '../../apps/cli/unlimited.js';
import { pack } from '../../src/pack/index.js';
import type { PackOptions } from '../../src/pack/options.js';
import {
  addModel,
  chainModel,
  embeddingModel,
  realModel,
  scratch,
  tabularModel,
  tokensModel,
  twoInputModel,
  writeModel,
} from '../fixtures/models.js';
import { writeNpy } from '../fixtures/npy.js';

const folder = scratch();
let count = 0;
const path = (name: string) => join(folder, name);
const samplesOf = (...rows: number[][]) => ({
  inputs: { x: writeNpy(folder, [rows.length, rows[0]!.length], Float32Array.from(rows.flat())) },
});

/** y = x: its rows are the samples. */
const plain = writeModel(addModel([-1, 4], new Float32Array(4)), path('plain'));

const packed = (more: Partial<PackOptions>) => pack({ model: plain, out: path(`out-${count++}`), ...more });

const edges = [0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99];

describe('drift', () => {
  it('counts the top score of every row of every sample, and warns where they are few', async () => {
    const samples = [samplesOf([0.1, 0, 0, 0], [0, 0.5, 0.2, 0.1]), samplesOf([0, 0, 0.96, 0])];
    const { manifest, warnings } = await packed({ drift: { samples } });
    expect(manifest.drift).toEqual({ output: 'sumY', edges, counts: [1, 0, 1, 0, 0, 0, 1, 0], answers: 3 });
    expect(warnings).toEqual([
      expect.stringMatching(/drift has too few answers to its samples, 3: .* no index\. Give samples for 200 or more/),
      expect.stringMatching(/drift takes output "sumY" for scores from 0 to 1, which is a guess\. Say what it holds/),
    ]);
  });
  it('puts logits through a softmax', async () => {
    const rows = Array.from({ length: 200 }, () => [0, 0, 0, 0]);
    const { manifest, warnings } = await packed({ outputs: { y: { values: 'logits' } }, drift: { samples: [samplesOf(...rows)] } });
    expect(manifest.drift?.counts).toEqual([0, 200, 0, 0, 0, 0, 0, 0]);
    expect(warnings).toEqual([
      'Option drift finds 100 % of the top scores of output "sumY" from 0.2 to 0.4, which is one bin: what changes within it is not seen.',
    ]);
  });
  it('warns of nothing where scores are many, of a kind that is told, and spread', async () => {
    const rows = Array.from({ length: 200 }, (_, row) => [row < 180 ? 0.5 : 0.1, 0, 0, 0]);
    const { warnings } = await packed({ outputs: { y: { values: 'probabilities' } }, drift: { samples: [samplesOf(...rows)] } });
    expect(warnings).toEqual([]);
  });
  it('counts what the stored weights answer, not those before they were quantised', async () => {
    // In 255 steps from -25 to 25, of which 0 is one, the next to 0.82 is 0.784.
    const width = 512;
    const weights = Float32Array.from({ length: width }, (_, at) => [0.82, -25, 25][at] ?? 0);
    const model = writeModel(addModel([1, width], weights), path('wide'));
    const given = Float32Array.from(weights, (value) => (value === 25 ? -25 : 0));
    const drift = { samples: [{ inputs: { x: writeNpy(folder, [1, width], given) } }] };
    const before = await packed({ model, drift });
    const after = await packed({ model, drift, quantize: 'uint8', budget: { goldenError: 1 } });
    expect(after.manifest.quantized?.kinds['uint8']?.weights).toBe(1);
    expect([before, after].map(({ manifest }) => manifest.drift?.counts)).toEqual([
      [0, 0, 0, 0, 1, 0, 0, 0],
      [0, 0, 0, 1, 0, 0, 0, 0],
    ]);
  });
  it('is of the manifest’s hash, and of no file', async () => {
    const one = await packed({ name: 'm', drift: { samples: [samplesOf([0.1, 0, 0, 0])] } });
    const other = await packed({ name: 'm', drift: { samples: [samplesOf([0.9, 0, 0, 0])] } });
    const none = await packed({ name: 'm' });
    expect(new Set([one, other, none].map(({ manifest }) => manifest.hash)).size).toBe(3);
    expect([one.files, other.files]).toEqual([none.files, none.files]);
    expect((await import(join(one.out, 'model.js'))).default.drift).toEqual(one.manifest.drift);
  });
  it('takes paths of a config from beside it, and leaves the output’s name alone', async () => {
    const place = path('app');
    writeModel(addModel([-1, 4], new Float32Array(4)), join(place, 'source'));
    const x = basename(writeNpy(place, [1, 4], Float32Array.of(0.5, 0, 0, 0)));
    const drift = `drift: { output: 'sumY', samples: [{ inputs: { x: '${x}' } }] }`;
    writeFileSync(
      join(place, 'pannier.config.mjs'),
      `export default { models: { m: { model: 'source/model.json', out: 'm', ${drift} } } };`,
    );
    const { readConfig } = await import('../../src/pack/config.js');
    const [entry] = await readConfig(join(place, 'pannier.config.mjs'));
    expect((await pack(entry!.options)).manifest.drift?.counts).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
  });

  it('takes pictures', async () => {
    const [astronaut, chelsea] = ['astronaut', 'chelsea'].map((name) => new URL(`../fixtures/${name}.png`, import.meta.url).pathname);
    const samples = [astronaut, chelsea, astronaut].map((image) => ({ image: image! }));
    const { manifest } = await packed({ model: realModel('liveness'), drift: { samples } });
    const counts = manifest.drift?.counts ?? [];
    expect([counts.reduce((sum, each) => sum + each, 0), Math.max(...counts) >= 2]).toEqual([3, true]);
  });
  it('counts no row that is padding', async () => {
    const ids = writeNpy(folder, [1, 3], Int32Array.of(1, 2, 3));
    const mask = writeNpy(folder, [1, 3], Float32Array.of(1, 1, 1));
    const model = writeModel(tokensModel(['tokens', 'pooled']), path('tokens'));
    const pad = { pad: { to: [4, 8] } };
    const drift = { output: 'tokens', samples: [{ inputs: { ids, mask } }] };
    const { manifest } = await packed({ model, inputs: { ids: pad, mask: pad }, outputs: { tokens: { values: 'logits' } }, drift });
    // The two values of a token are 2 apart; the three tokens are of one text.
    expect(manifest.drift).toMatchObject({ counts: [0, 0, 0, 0, 3, 0, 0, 0], answers: 1 });
  });

  const sample = samplesOf([0, 0, 0, 0]);
  it.each<[string, Partial<PackOptions>, RegExp]>([
    ['an output that is not there', { drift: { output: 'z', samples: [sample] } }, /drift\.output is "z"; the model gives "sumY"/],
    ['an inherited output', { drift: { output: 'toString', samples: [sample] } }, /drift\.output is "toString"/],
    [
      'more than one output, and none named',
      { model: writeModel(twoInputModel(), path('two')), drift: { samples: [sample] } },
      /does not say whose scores to count: the model gives "total", "zero"\. Say drift\.output/,
    ],
    [
      'a sigmoid’s logits',
      { model: writeModel(tabularModel(), path('one')), outputs: { price: { values: 'logits' } }, drift: { samples: [sample] } },
      /logits of one class each, whose softmax is always 1/,
    ],
    [
      'scores that are logits',
      { drift: { samples: [sample, samplesOf([0, 0, 12.5, 0])] } },
      /drift\.samples\[1\] has 12\.5 as a top score of output "sumY"\. Where these are logits, say values: 'logits'/,
    ],
    ['a file that is not there', { drift: { samples: [{ inputs: { x: '/nowhere.npy' } }] } }, /drift\.samples\[0\]'s \/nowhere\.npy/],
    ['a sample without a file', { drift: { samples: [{}] } }, /drift\.samples\[0\] has nothing for input "x"/],
    ['a sample that does not fit', { drift: { samples: [samplesOf([1, 2, 3])] } }, /drift\.samples\[0\]'s .* does not fit/],
    [
      'samples of NaN',
      { drift: { samples: [samplesOf([Number.NaN, Number.NaN, Number.NaN, Number.NaN])] } },
      /found no score in output "sumY"/,
    ],
  ])('refuses %s', async (_what, more, message) => {
    await expect(packed(more)).rejects.toMatchObject({ code: 'options', message: expect.stringMatching(message) });
  });
  it('refuses an output that holds no scores', async () => {
    const model = writeModel(embeddingModel(), path('embedding'));
    const place = writeNpy(folder, [1, 1], Int32Array.of(3));
    await expect(packed({ model, drift: { samples: [{ inputs: { place } }] } })).rejects.toMatchObject({
      message: expect.stringMatching(/drift\.samples\[0\] has 7 as a top score/),
    });
  });
  it('is left out where a model is packed only to be looked at', async () => {
    const out = path('looked-at');
    await packUnlimited({ model: plain, out, drift: { samples: [{ inputs: { x: '/nowhere.npy' } }] } });
    expect((await import(join(out, 'model.js'))).default.drift).toBeUndefined();
  });
  it('runs many samples without keeping them', async () => {
    const model = writeModel(chainModel(4, { a: 0 }), path('many'));
    const { manifest } = await packed({ model, drift: { samples: Array(250).fill(samplesOf([0.3, 0, 0, 0])) } });
    expect(manifest.drift?.counts).toEqual([0, 250, 0, 0, 0, 0, 0, 0]);
  });
});
