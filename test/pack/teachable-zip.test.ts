/** The zip archives that Teachable Machine downloads say the same as their files in a folder. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { readModel } from '../../src/pack/model/read.js';
import { type Json, layers, type Specimen, saveLayers, seeded } from '../fixtures/layers.js';
import { scratch } from '../fixtures/models.js';
import { AUDIO_METADATA, METADATA, teachable, teachableAudio, teachableZip } from '../fixtures/teachable-machine.js';

const folder = scratch();
const L = layers.layers;

/** A model of the form of its pose models: it takes what PoseNet answers, here less of it. */
const pose = (): Specimen => ({
  model: layers.sequential({
    layers: [
      L.dense({ units: 10, inputShape: [1_473], activation: 'relu' }),
      L.dropout({ rate: 0.5 }),
      L.dense({ units: 2, activation: 'softmax' }),
    ],
  }),
  inputs: (batch) => [seeded([batch, 1_473], 1)],
});
const POSE_METADATA: Json = {
  packageName: '@teachablemachine/pose',
  tmVersion: '2.4.5',
  labels: ['up', 'down'],
  modelSettings: { posenet: {} },
};

/** Writes a model with its metadata into a folder, and both into an archive. @param within the folder in the archive */
async function save(name: string, specimen: Specimen, metadata: Json, within?: string) {
  const place = join(folder, name);
  mkdirSync(place);
  const json = await saveLayers(specimen.model, place);
  writeFileSync(join(place, 'metadata.json'), JSON.stringify(metadata));
  const zip = join(place, 'tm-my-model.zip');
  writeFileSync(zip, await teachableZip(specimen, metadata, within));
  return { json, zip };
}

it.each([
  ['pictures', teachable, METADATA, ''],
  ['audio', teachableAudio, AUDIO_METADATA, ''],
  ['poses', pose, POSE_METADATA, 'my-pose-model/'],
])('%s', async (name, specimen, metadata, within) => {
  const { json, zip } = await save(name, specimen(), metadata, within);
  const [beside, archived] = [await readModel(json), await readModel(zip)];
  expect(archived).toEqual({ ...beside, file: 'tm-my-model.zip' });
  expect(archived.hints?.outputs).toMatchObject({
    [archived.ends.outputs[0]!.key]: { labels: metadata['labels'] ?? metadata['wordLabels'] },
  });
});

it('is packed with its labels, and is out of date when it changes', async () => {
  const { zip } = await save('packed', teachable(), METADATA);
  const out = join(folder, 'out');
  const { manifest, taken } = await pack({ model: zip, out });
  expect(manifest).toMatchObject({
    name: 'tm-my-model',
    signature: { inputs: { image: {} }, outputs: { scores: { labels: METADATA['labels'] } } },
  });
  expect(taken.join()).toContain('the names of 3 classes');
  await pack({ model: zip, out, check: true });
  const { zip: other } = await save('other', teachable(), { ...METADATA, labels: ['a', 'b', 'c'] });
  writeFileSync(zip, readFileSync(other));
  await expect(pack({ model: zip, out, check: true })).rejects.toMatchObject({ code: 'output-stale' });
});

it('refuses an archive without the weights, or with two models', async () => {
  const { zip, json } = await save('broken', teachable(), METADATA);
  const model = new Uint8Array(readFileSync(json));
  writeFileSync(zip, zipSync({ 'model.json': model }));
  await expect(readModel(zip)).rejects.toThrow('tm-my-model.zip has no weights.bin, where its model.json looks for weights.');
  writeFileSync(zip, zipSync({ 'a/model.json': model, 'b/model.json': model }));
  await expect(readModel(zip)).rejects.toThrow('tm-my-model.zip has 2 models; unpack it, and pack one of their model.json files.');
});
