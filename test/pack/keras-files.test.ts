/** Files that Keras saves: models of tf.layers, written as `.h5` and as `.keras`, answer packed as they do themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { readModel } from '../../src/pack/model/read.js';
import { h5File, hdf5, kerasFile, type StoredWeight } from '../fixtures/keras-files.js';
import { savedAsH5, savedAsKeras } from '../fixtures/keras-saved.js';
import { answers, expectClose, type Json, predicted, type Specimen, train } from '../fixtures/layers.js';
import { LAYERS_MODELS } from '../fixtures/layers-models.js';
import { UNTRAINED } from '../fixtures/layers-untrained.js';
import { layerOf, referenceAnswers } from '../fixtures/lowered-layers.js';
import { scratch } from '../fixtures/models.js';
import { teachable } from '../fixtures/teachable-machine.js';
import { zip } from '../fixtures/zip.js';
import { longTest } from '../tier.js';

const folder = scratch();
let count = 0;

/** Writes a file into a folder of its own. */
function write(name: string, bytes: Uint8Array): string {
  const place = join(folder, `case-${count++}`);
  mkdirSync(place);
  const path = join(place, name);
  writeFileSync(path, bytes);
  return path;
}

const FORMATS = { 'model.h5': savedAsH5, 'model.keras': savedAsKeras };

/** Each kind of model that is built with Keras. */
const CELLS = 'cells, alone and stacked';
const TWELVE: Record<string, () => Specimen> = { ...LAYERS_MODELS, [CELLS]: UNTRAINED[CELLS]!, 'models within a model': teachable };

const specimenOf = async (name: string): Promise<Specimen> => {
  const specimen = TWELVE[name]!();
  if (name in LAYERS_MODELS) await train(specimen.model, specimen.inputs(6));
  return specimen;
};

describe.each(Object.keys(TWELVE))('%s', (name) => {
  it('is read as it answers itself', async () => {
    const { model, inputs } = await specimenOf(name);
    const given = inputs(3);
    for (const [file, save] of Object.entries(FORMATS)) {
      const { graph, ends } = await readModel(write(file, await save(model)));
      expectClose(referenceAnswers({ graph, ends }, given), await predicted(model, given), file);
    }
  });

  const test = name === 'models within a model' ? it : longTest;
  test('answers so when it is packed, on cpu and wasm', async () => {
    const { model, inputs } = await specimenOf(name);
    for (const [file, save] of Object.entries(FORMATS)) {
      for await (const { given, got, what } of answers(write(file, await save(model)), inputs))
        expectClose(got, await predicted(model, given), `${file}, ${what}`);
    }
  });
});

it.each(Object.entries(FORMATS))('%s with compressed datasets', async (file, save) => {
  const { model, inputs } = LAYERS_MODELS['a picture classifier']!();
  const { graph, ends } = await readModel(write(file, await save(model, { gzip: true })));
  expectClose(referenceAnswers({ graph, ends }, inputs(2)), await predicted(model, inputs(2)), file);
});

const floats = (name: string, shape: readonly number[], from = 0): StoredWeight => {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { name, shape, data: Float32Array.from({ length: size }, (_, index) => from + index) };
};

/** A sequential model of dense layers that have no bias. */
const dense = (...units: readonly number[]): Json => {
  const input = layerOf('InputLayer', { batch_input_shape: [null, 2], dtype: 'float32' }, 'x');
  const list = units.map((each, index) => layerOf('Dense', { units: each, use_bias: false }, `dense_${index}`));
  return { class_name: 'Sequential', config: { name: 'model', layers: [input, ...list] } };
};

const answerOf = async (path: string): Promise<number[]> =>
  referenceAnswers(await readModel(path), [{ shape: [1, 2], data: Float32Array.of(1, 10) }]).flatMap(({ data }) => [...data]);

describe('weights are matched as Keras does it', () => {
  it('numbers the layers of a class, as they come in the config', async () => {
    const variables = { 'layers/dense/vars/0': floats('', [2, 1], 1), 'layers/dense_1/vars/0': floats('', [1, 1], 5) };
    expect(await answerOf(write('a.keras', kerasFile(dense(1, 1), '3.15.1', variables)))).toEqual([105]);
  });

  it('knows the folders of Keras 2.12, where layers without variables do not count', async () => {
    const container = '_layer_checkpoint_dependencies';
    const variables = { [`${container}/dense/vars/0`]: floats('', [2, 1], 1), [`${container}/dense_2/vars/0`]: floats('', [1, 1], 5) };
    expect(await answerOf(write('a.keras', kerasFile(dense(1, 1), '2.12.0', variables)))).toEqual([105]);
  });

  it('knows the folders of files that were saved on Windows', async () => {
    expect(await answerOf(write('a.keras', kerasFile(dense(1), '3.15.1', { 'layers/dense\\vars/0': floats('', [2, 1], 1) })))).toEqual([
      21,
    ]);
  });

  it('takes names without the layer, and names of two models', async () => {
    expect(await answerOf(write('a.h5', h5File(dense(1), '3.0.0', { dense_0: [floats('kernel', [2, 1], 1)] })))).toEqual([21]);
    const within = (name: string): Json => ({ ...dense(2), config: { ...dense(2)['config'], name } });
    const model = { class_name: 'Sequential', config: { name: 'both', layers: [within('one'), within('two')] } };
    const weights = { one: [floats('dense_0/kernel', [2, 2], 1)], two: [floats('dense_0/kernel', [2, 2], 2)] };
    expect(await answerOf(write('a.h5', h5File(model, '2.15.0', weights)))).toEqual([31 * 2 + 42 * 4, 31 * 3 + 42 * 5]);
  });

  it('takes names that are cut into several lists', async () => {
    const layer = (name: string, rows: number) => ({
      weight_names0: [`${name}/kernel:0`],
      [name]: { 'kernel:0': floats('', [rows, 1], 1) },
    });
    const groups = { layer_names0: ['dense_0'], layer_names1: ['dense_1'], dense_0: layer('dense_0', 2), dense_1: layer('dense_1', 1) };
    const file = hdf5({ model_config: JSON.stringify(dense(1, 1)), keras_version: '2.15.0', model_weights: groups });
    expect(await answerOf(write('a.h5', file))).toEqual([21]);
  });
});

async function refusal(name: string, bytes: Uint8Array): Promise<string> {
  const thrown = await readModel(write(name, bytes)).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(PannierError);
  expect((thrown as PannierError).code).toBe('model-format');
  return (thrown as PannierError).message;
}

describe('refuses, naming what is wrong', () => {
  const LOST = { 'layers/dense/vars/0': floats('', [2, 1]), 'layers/dense_1/vars/0': floats('', [1, 1]) };
  it.each([
    [
      'a.keras',
      kerasFile(dense(2), '3.15.1', { 'layers/dense/vars/0': floats('', [3, 2]) }),
      'Weight "layers/dense/vars/0" of Layer "dense_0" (Dense) has shape [3, 2]; its config and input want [2, 2].',
    ],
    [
      'a.keras',
      kerasFile(dense(2), '3.15.1', {}),
      'Layer "dense_0" (Dense) has no weight "kernel" of shape [2, 2] in a.keras: there is no variable "layers/dense/vars/0".',
    ],
    ['a.keras', kerasFile(dense(1), '3.15.1', LOST), 'Variable "layers/dense_1/vars/0" belongs to no layer of a.keras'],
    [
      'a.keras',
      zip({ 'config.json': Buffer.from('{}'), 'model.weights.h5': Buffer.from('no') }),
      "a.keras's model.weights.h5 is a broken HDF5 file of 2 bytes",
    ],
    [
      'a.h5',
      h5File(dense(2), '2.15.0', { dense_0: [floats('dense_0/kernel', [3, 2])] }),
      'Weight "dense_0/kernel" of Layer "dense_0" (Dense) has shape [3, 2]; its config and input want [2, 2].',
    ],
    ['a.h5', h5File(dense(2), '2.15.0', {}), 'Layer "dense_0" (Dense) has no weight "dense_0/kernel" of shape [2, 2] in a.h5'],
    [
      'a.h5',
      hdf5({ layers: { dense: { vars: { 0: floats('', [2, 2]) } } } }),
      "a.h5 is an HDF5 file without a model's config: it holds weights alone",
    ],
    [
      'a.h5',
      h5File({ ...dense(1), class_name: 'MyModel' }, '2.15.0', {}),
      'a.h5 is of class "MyModel"; a Sequential, Model or Functional model is wanted.',
    ],
    [
      'a.keras',
      kerasFile(
        {
          class_name: 'Sequential',
          config: { name: 'm', layers: [layerOf('InputLayer', { batch_shape: [null, 2] }, 'x'), layerOf('Swirl', {}, 'swirl')] },
        },
        '3.15.1',
        {},
      ),
      'Layer "swirl" (Swirl) is not taken',
    ],
  ])('%s: %#', async (name, bytes, message) => expect(await refusal(name, bytes)).toContain(message));
});
