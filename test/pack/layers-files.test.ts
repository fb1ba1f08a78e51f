/** Files that say the same as another: Keras 2's, Keras 3's, old ones, stored smaller, and Teachable Machine's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PackOptions, pack } from '../../src/pack/index.js';
import { answers, compare, configs, layers, predicted, type SavedModel, type Specimen, saveLayers, seeded } from '../fixtures/layers.js';
import { scratch } from '../fixtures/models.js';
import { AUDIO_METADATA, METADATA, SIZE, teachable, teachableAudio } from '../fixtures/teachable-machine.js';

const folder = scratch();
let count = 0;
const place = () => join(folder, `case-${count++}`);

const { input, sequential, model: functional } = layers;
const L = layers.layers;
/** The recurrent activation that tf.layers takes by default, hard_sigmoid, is another function in Keras 3. */
const PLAIN = { recurrentInitializer: 'glorotNormal', recurrentActivation: 'sigmoid' } as const;

/** Two inputs, a layer that is shared, a model within, a merge, a recurrent layer. */
function mixed(): Specimen {
  const [a, b] = [input({ shape: [4, 3] }), input({ shape: [4, 3] })];
  const shared = L.dense({ units: 3, activation: 'relu', biasInitializer: 'randomNormal' });
  const inner = sequential({ layers: [L.dense({ units: 3, inputShape: [4, 3] }), L.activation({ activation: 'tanh' })] });
  const [x, y] = [shared.apply(a), inner.apply(shared.apply(b))] as layers.SymbolicTensor[];
  const sum = L.add().apply([x!, inner.apply(y!) as layers.SymbolicTensor]) as layers.SymbolicTensor;
  const last = L.lstm({ ...PLAIN, units: 5 }).apply(L.batchNormalization({}).apply(sum)) as layers.SymbolicTensor;
  return { model: functional({ inputs: [a, b], outputs: last }), inputs: (batch) => [seeded([batch, 4, 3], 1), seeded([batch, 4, 3], 2)] };
}

const recurrent = (): Specimen => ({
  model: sequential({
    layers: [
      L.embedding({ inputDim: 20, outputDim: 4, inputLength: 5 }),
      L.bidirectional({ layer: L.lstm({ ...PLAIN, units: 3, returnSequences: true }) as layers.RNN, mergeMode: 'concat' }),
      L.gru({ ...PLAIN, units: 4 }),
    ],
  }),
  inputs: (batch) => [seeded([batch, 5], 3, 20)],
});

const wrapped = (): Specimen => ({
  model: sequential({
    layers: [
      L.depthwiseConv2d({ kernelSize: 3, inputShape: [6, 4, 2], biasInitializer: 'randomNormal' }),
      L.timeDistributed({ layer: L.dense({ units: 3 }) }),
      L.dense({ units: 2 }),
    ],
  }),
  inputs: (batch) => [seeded([batch, 6, 4, 2], 4)],
});

/** As tensorflowjs_converter writes a Keras 2 file. */
function asKeras2(json: SavedModel): void {
  const { class_name, config } = json['modelTopology'];
  json['modelTopology'] = { keras_version: '2.11.0', backend: 'tensorflow', model_config: { class_name, config } };
  for (const entry of configs(json)) if (entry['class_name'] === 'Model') entry['class_name'] = 'Functional';
  for (const weight of json.weightsManifest[0]!.weights) weight.name = weight.name.replace(/((?:lstm|gru)_\w+)\//, '$1/cell_1/');
}

/** Fields that Keras 3 writes, and neither Keras 2 nor TF.js. */
const NEW_FIELDS: Readonly<Record<string, object>> = {
  InputLayer: { dtype: 'float32', sparse: false, ragged: false, optional: false },
  Dense: { quantization_config: null, lora_rank: null, lora_alpha: null },
  BatchNormalization: { synchronized: false, renorm: false, renorm_clipping: null, renorm_momentum: 0.99 },
  LSTM: { seed: null, zero_output_for_mask: false },
  GRU: { seed: null, zero_output_for_mask: false },
};

/** As it writes Keras 3's topology. */
function asKeras3(json: SavedModel): void {
  asKeras2(json);
  json['modelTopology'].keras_version = '3.5.0';
  for (const entry of configs(json)) {
    const { config } = entry;
    if (typeof config !== 'object') continue;
    if (config['batch_input_shape'] !== undefined) {
      config['batch_shape'] = config['batch_input_shape'];
      delete config['batch_input_shape'];
    }
    if (typeof config['activation'] === 'string')
      config['activation'] = { module: 'builtins', class_name: 'function', config: config['activation'] };
    Object.assign(config, { dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null } });
    Object.assign(config, NEW_FIELDS[entry['class_name'] as string]);
    entry['inbound_nodes'] = entry['inbound_nodes']?.map((call: unknown[][]) => {
      const tensors = call.map(([layer, index, output]) => ({
        class_name: '__keras_tensor__',
        config: { dtype: 'float32', keras_history: [layer, index, output] },
      }));
      return { args: tensors.length === 1 ? tensors : [tensors], kwargs: { mask: null } };
    });
    if (config['output_layers']?.length === 1) config['output_layers'] = config['output_layers'][0];
  }
}

/** As it writes a Keras 3 archive. */
function asKeras3Archive(json: SavedModel): void {
  asKeras3(json);
  const counts = new Map<string, number>();
  for (const weight of json.weightsManifest[0]!.weights) {
    const layer = weight.name.slice(0, weight.name.lastIndexOf('/'));
    const index = counts.get(layer) ?? 0;
    counts.set(layer, index + 1);
    weight.name = `${layer}/${index}`;
  }
}

/** As it writes a Keras 3 file in HDF5: names are paths from the model down, the inner layer's of a wrapper too. */
function asKeras3Hdf5(json: SavedModel): void {
  asKeras3(json);
  for (const weight of json.weightsManifest[0]!.weights)
    weight.name = `whole/${weight.name.replace(/^(time_distributed\w*)\//, '$1/inner/').replace('/depthwise_kernel', '/kernel')}`;
}

describe.each([
  ['Keras 2', asKeras2],
  ['Keras 3, an archive', asKeras3Archive],
  ['Keras 3, HDF5', asKeras3Hdf5],
])('as %s', (_name, change) => {
  it('a functional model', () => compare(place(), mixed(), change));
  it('wrapped and depthwise layers', () => compare(place(), wrapped(), change));
  it('a sequential model', () => compare(place(), recurrent(), change));
});

it('guesses no weight of two that are as near', async () => {
  const model = sequential({ layers: ['p', 'q'].map((name) => L.dense({ name, units: 2, inputShape: [2] })) });
  const path = await saveLayers(model, place(), (json) => {
    for (const weight of json.weightsManifest[0]!.weights) weight.name = weight.name.replace('p/', 'a/p/').replace('q/', 'b/p/');
  });
  const refused = { code: 'model-format', message: expect.stringMatching(/"p" \(Dense\) has no weight "p\/kernel"/) };
  await expect(pack({ model: path, out: join(path, '../packed') })).rejects.toMatchObject(refused);
});

describe('as old or other writers', () => {
  it('without a format', () => compare(place(), mixed(), (json) => delete json['format']));
  it('a sequential model that is just a list', () =>
    compare(place(), recurrent(), (json) => Object.assign(json['modelTopology'], { config: json['modelTopology'].config.layers })));
  it('a sequential model that begins with its input', () =>
    compare(place(), recurrent(), (json) => {
      json['modelTopology'].config.layers.unshift({
        class_name: 'InputLayer',
        config: { name: 'words', dtype: 'int32', batch_input_shape: [null, 5] },
      });
    }));
  it('calls of a model within counted from 0', () =>
    compare(place(), mixed(), (json) => {
      for (const source of configs(json)
        .flatMap((entry) => entry['inbound_nodes'] ?? [])
        .flat())
        if (/sequential/.test(source[0])) source[1]--;
    }));
  it('with what only training needs', async () => {
    const specimen = mixed();
    const path = await saveLayers(specimen.model, place(), (json) => {
      json.weightsManifest.push({ paths: ['optimizer.bin'], weights: [{ name: 'iter', shape: [], dtype: 'int32', group: 'optimizer' }] });
    });
    writeFileSync(join(path, '../optimizer.bin'), new Uint8Array(4));
    await expect(pack({ model: path, out: join(path, '../packed') })).resolves.toMatchObject({ changed: true });
  });
});

it('keeps weights as the file stores them, also where a rule cuts them', async () => {
  const specimen = recurrent();
  const dense = (values: Float32Array) => {
    const min = values.reduce((least, value) => Math.min(least, value), 0);
    return { min, scale: (values.reduce((most, value) => Math.max(most, value), 0) - min) / 255 || 1 };
  };
  const stored: Uint8Array[] = [];
  const path = await saveLayers(specimen.model, place(), (json) => {
    for (const [index, weight] of specimen.model.weights.entries()) {
      const values = weight.read().dataSync() as Float32Array;
      const { min, scale } = dense(values);
      stored.push(Uint8Array.from(values, (value) => Math.round((value - min) / scale)));
      json.weightsManifest[0]!.weights[index]!['quantization'] = { dtype: 'uint8', min, scale };
    }
  });
  writeFileSync(join(path, '../weights.bin'), Buffer.concat(stored));
  for await (const { given, got } of answers(path, specimen.inputs)) {
    const [wanted] = await predicted(specimen.model, given);
    const off = Float32Array.from(got[0]!.data).reduce((most, value, index) => Math.max(most, Math.abs(value - wanted!.data[index]!)), 0);
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(0.01);
  }
});

describe('Teachable Machine', () => {
  async function saved(metadata: unknown, { model } = teachable()): Promise<string> {
    const path = await saveLayers(model, place());
    writeFileSync(join(path, '../metadata.json'), JSON.stringify(metadata));
    return path;
  }
  const packed = async (path: string, options: Partial<PackOptions> = {}) =>
    (await pack({ model: path, out: join(path, '../packed'), ...options })).manifest.signature;

  it('answers as its model does', () => compare(place(), teachable()));

  it('brings its names, its labels and its preprocessing', async () => {
    const { inputs, outputs } = await packed(await saved(METADATA));
    const scale = 1 / 127;
    expect(Object.keys(inputs)).toEqual(['image']);
    expect(inputs['image']?.image).toMatchObject({ width: SIZE, fit: 'cover', scale: [scale, scale, scale], offset: [-1, -1, -1] });
    expect(outputs).toEqual({ scores: expect.objectContaining({ labels: ['cat', 'dog', 'fox'], values: 'probabilities' }) });
  });

  it('takes spectrograms as plain arrays, and brings the labels of sounds', async () => {
    const path = await saved(AUDIO_METADATA, teachableAudio());
    const { inputs, outputs } = await packed(path);
    expect(inputs).toEqual({ spectrogram: { dtype: 'float32', shape: [null, 43, 232, 1] } });
    expect(outputs).toEqual({ scores: expect.objectContaining({ labels: ['Background Noise', 'Clap'], values: 'probabilities' }) });
    const asPicture = await packed(path, { inputs: { spectrogram: { image: { scale: 1, offset: 0 } } } });
    expect(asPicture.inputs['spectrogram']?.image).toMatchObject({ channels: 'gray', scale: [1] });
  });

  it('gives way to options, field by field', async () => {
    const options = {
      inputs: { input_1: { name: 'photo', image: { fit: 'contain' } } },
      // By the name that it would have.
      outputs: { scores: { name: 'animal', labels: ['a', 'b', 'c'], values: 'logits' } },
    } as const;
    const { inputs, outputs } = await packed(await saved(METADATA), options);
    expect(inputs['photo']?.image).toMatchObject({ fit: 'contain', offset: [-1, -1, -1] });
    expect(outputs['animal']).toMatchObject({ labels: ['a', 'b', 'c'], values: 'logits' });
  });

  it('refuses labels that are not one for each value', async () => {
    await expect(packed(await saved({ ...METADATA, labels: ['cat'] }))).rejects.toMatchObject({
      code: 'model-format',
      message: expect.stringMatching(/metadata.json has 1 labels, but output "\w+" has 3 values/),
    });
  });

  it('gives way to an input that takes no pictures', async () => {
    const { inputs } = await packed(await saved(METADATA), { inputs: { input_1: { image: false } } });
    expect(inputs['image']).not.toHaveProperty('image');
  });

  it('leaves the metadata of others alone', async () => {
    for (const other of [{ labels: ['cat'] }, { wordLabels: ['cat'] }, { name: 'x' }, { ...METADATA, labels: undefined }]) {
      const { outputs } = await packed(await saved(other));
      expect(Object.values(outputs)[0]).not.toHaveProperty('labels');
    }
  });
});
