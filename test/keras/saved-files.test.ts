/** The models that Keras 3 saved, as `.h5` and as `.keras` files: what is read from both answers as Keras itself. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Lowered } from '../../src/formats/keras/lower.js';
import { readKerasArchive, readKerasHdf5 } from '../../src/formats/keras/saved-model.js';
import { readZip } from '../../src/formats/zip.js';
import { expectClose } from '../fixtures/expect-close.js';
import { h5File, kerasFile, type StoredWeight } from '../fixtures/keras-files.js';
import { referenceAnswers } from '../fixtures/lowered-layers.js';
import { arrayOf, SAVED, type SavedModel, VERSION } from './saved-models.js';

const storedOf = ({ weights }: SavedModel): readonly StoredWeight[] =>
  weights.map(({ name, dtype, shape, values }) => ({ name, shape, data: arrayOf(dtype, values) }));

function expectAnswers(lowered: Lowered, { inputs, outputs }: SavedModel): void {
  const given = lowered.graph.inputs.map(({ type }, index) => {
    const { shape, values } = inputs[index]!;
    return { shape, data: arrayOf(type?.dataType === 'int32' ? 'int32' : 'float32', values) };
  });
  const answers = referenceAnswers(lowered, given);
  expect(answers.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
  for (const [index, { data }] of answers.entries()) expectClose(data, outputs[index]!.values, `output ${index}`, 1e-5);
}

/** The files of an archive. */
function archive(bytes: Uint8Array): Parameters<typeof readKerasArchive>[0] {
  const files = readZip(bytes, 'a.keras', () => true);
  const [config, metadata, weights] = ['config.json', 'metadata.json', 'model.weights.h5'].map((name) => files.get(name)!);
  return { config: config!, metadata, weights: weights! };
}

/** The folder of each part of a weight's name behind the layer's, as attributes of Keras 3's layers are called. */
const FOLDERS: readonly (readonly [part: RegExp, folder: string])[] = [
  [/^(query|key|value|gate)$/, '$1_dense'],
  [/^attention_output$/, 'output_dense'],
  [/^stacked_rnn_cells(_\d+)?$/, 'cell/cells'],
  [/^forward_\w+$/, 'forward_layer'],
  [/^(backward_\w+|simple_rnn_\d+)$/, 'backward_layer'],
  [/^\w+_cell(_\d+)?$/, 'cell'],
  [/^(dense|conv2d)_\d+$/, 'layer'],
];

/** The paths of variables in a `.keras` archive, worked out from the names that the same model's weights have in an `.h5`. */
function variablesOf(saved: SavedModel, isOlder: boolean): Record<string, StoredWeight> {
  const variables: Record<string, StoredWeight> = {};
  const counts = new Map<string, number>();
  const cells: string[] = [];
  for (const weight of storedOf(saved)) {
    const [layer, ...parts] = weight.name.split('/').slice(0, -1) as [string, ...string[]];
    let folder = `layers/${layer.replace(/_\d+$/, '')}`;
    for (const part of parts) {
      if (folder.endsWith('/cells')) {
        if (!cells.includes(part)) cells.push(part);
        const kind = part.replace(/_\d+$/, '');
        const place = cells.filter((each) => each.replace(/_\d+$/, '') === kind).indexOf(part);
        folder += place === 0 ? `/${kind}` : `/${kind}_${place}`;
        continue;
      }
      const [pattern, name] = FOLDERS.find(([pattern]) => pattern.test(part))!;
      folder += `/${part.replace(pattern, isOlder ? name.replace(/^(.*_dense)$/, '_$1') : name)}`;
    }
    const count = counts.get(folder) ?? 0;
    counts.set(folder, count + 1);
    variables[`${folder}/vars/${count}`] = weight;
  }
  return variables;
}

/** Files that Keras wrote: `keras-3.py` made the archive of them. A name has the number of the model. */
const FILES = [...readZip(new Uint8Array(readFileSync('test/keras/keras-3-files.zip')), 'keras-3-files.zip', () => true)];

describe(`saved by Keras ${VERSION}`, () => {
  it.each(FILES.map(([name, bytes]) => [SAVED[Number.parseInt(name, 10)]!.kind, name, bytes] as const))('%s, %s', (_, name, bytes) => {
    const lowered = name.endsWith('.h5') ? readKerasHdf5(bytes, name) : readKerasArchive(archive(bytes), name);
    expectAnswers(lowered, SAVED[Number.parseInt(name, 10)]!);
  });
});

describe(`written as Keras ${VERSION} does it`, () => {
  it.each(SAVED)('$kind', (saved) => {
    const weights = storedOf(saved);
    const byLayer = Object.fromEntries(
      [...new Set(weights.map(({ name }) => name.split('/')[0]!))].map((layer) => [
        layer,
        weights.filter(({ name }) => name.startsWith(`${layer}/`)),
      ]),
    );
    expectAnswers(readKerasHdf5(h5File(saved.config, VERSION, byLayer), 'a.h5'), saved);
    for (const isOlder of [false, true])
      expectAnswers(readKerasArchive(archive(kerasFile(saved.config, VERSION, variablesOf(saved, isOlder))), 'a.keras'), saved);
  });
});
