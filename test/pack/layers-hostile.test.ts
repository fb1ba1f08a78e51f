/** Layers models that are refused: layers without a rule by name, broken and hostile files with one line, and nothing written. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { pack } from '../../src/pack/index.js';
import { type Json, layers, saveLayers } from '../fixtures/layers.js';
import { scratch } from '../fixtures/models.js';

const folder = scratch();
let count = 0;

/** A layer as files list it. */
const layer = (kind: string, config: Json = {}, name = `a_${kind.toLowerCase()}`): Json => ({
  class_name: kind,
  config: { name, ...config },
});
const dense = (config: Json = {}, name = 'dense') => layer('Dense', { units: 2, activation: 'linear', use_bias: false, ...config }, name);
const inputLayer = (shape: unknown, name = 'x', config: Json = {}) =>
  layer('InputLayer', { batch_input_shape: shape, dtype: 'float32', ...config }, name);
const sequential = (...list: Json[]): Json => ({ class_name: 'Sequential', config: { name: 'model', layers: list } });
/** Layers with what each is given, from input x to output y. */
const functional = (
  list: readonly (readonly [Json, ...unknown[]])[],
  outputs: unknown = [['y', 0, 0]],
  inputs: unknown = [['x', 0, 0]],
): Json => ({
  class_name: 'Model',
  config: {
    name: 'model',
    layers: list.map(([entry, ...calls]) => ({ name: entry['config'].name, inbound_nodes: calls, ...entry })),
    input_layers: inputs,
    output_layers: outputs,
  },
});

type WeightSpec = readonly [name: string, shape: readonly number[]];

/** Writes a model with weights of zeros. @returns its path */
function written(modelTopology: unknown, weights: readonly WeightSpec[] = [], change: (json: Json) => void = () => {}): string {
  const place = join(folder, `case-${count++}`);
  mkdirSync(place);
  const size = weights.reduce((sum, [, shape]) => sum + shape.reduce((product, dim) => product * dim, 4), 0);
  writeFileSync(join(place, 'w.bin'), new Uint8Array(size));
  const specs = weights.map(([name, shape]) => ({ name, shape, dtype: 'float32' }));
  const json = { format: 'layers-model', modelTopology, weightsManifest: [{ paths: ['w.bin'], weights: specs }] };
  change(json);
  const path = join(place, 'model.json');
  writeFileSync(path, JSON.stringify(json));
  return path;
}

/** Packs what must be refused. @returns the message without the address that ends it: one line, and nothing was written */
async function refusal(path: string): Promise<string> {
  const out = join(dirname(path), 'out');
  const thrown = await pack({ model: path, out }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PannierError);
  expect(thrown).toMatchObject({ code: 'model-format' });
  expect(existsSync(out)).toBe(false);
  const { message } = thrown as PannierError;
  expect(message).not.toMatch(/\n/);
  expect(message.length).toBeLessThan(600);
  return message;
}

describe('a layer without a rule is refused by name, with a way out', () => {
  const picture = inputLayer([null, 8, 8, 3]);
  const signal = inputLayer([null, 6, 3]);
  const conv = { filters: 2, kernel_size: [3, 3], use_bias: false };
  const kernel: WeightSpec = ['a_conv2d/kernel', [3, 3, 3, 2]];
  it.each<[string, Json[], RegExp, WeightSpec[]?]>([
    [
      'of an unknown class',
      [picture, layer('CapsuleLayer')],
      /Layer "a_capsulelayer" \(CapsuleLayer\) is not taken because there is no rule/,
    ],
    [
      'with code of its own',
      [picture, layer('Lambda', { function: 'x' })],
      /"a_lambda" \(Lambda\) is not taken because its code is not in the file/,
    ],
    ['that masks', [signal, layer('Masking', { mask_value: 0 })], /"a_masking" \(Masking\) is not taken because masks/],
    [
      'that masks zeros',
      [inputLayer([null, 6]), layer('Embedding', { input_dim: 9, output_dim: 2, mask_zero: true })],
      /"a_embedding" .* with mask_zero/,
    ],
    ['that keeps its state', [signal, layer('LSTM', { units: 2, stateful: true })], /"a_lstm" .* with stateful true/],
    ['over an open time', [inputLayer([null, null, 3]), layer('GRU', { units: 2 })], /"a_gru" .* with an open time axis/],
    ['over a long time', [inputLayer([null, 1001, 3]), layer('GRU', { units: 2 })], /"a_gru" .* over 1001 steps.*at most 1000/],
    ['both ways around another kind', [signal, layer('Bidirectional', { layer: dense() })], /"a_bidirectional" .* around a Dense/],
    ['of a cell', [signal, layer('RNN', { cell: layer('OwnCell') })], /"a_owncell" \(OwnCell\) in layer "a_rnn" \(RNN\) is not taken/],
    [
      'with channels first',
      [picture, layer('Conv2D', { ...conv, data_format: 'channels_first' })],
      /"a_conv2d" .* data_format "channels_first"/,
    ],
    ['with an unknown activation', [picture, layer('Activation', { activation: 'my_own' })], /"a_activation" .* with activation "my_own"/],
    [
      'with a field that no rule reads',
      [picture, layer('Conv2D', { ...conv, sharpness: 2 })],
      /"a_conv2d" .* sharpness 2: no rule reads/,
      [kernel],
    ],
    [
      'with such a field deep within',
      [signal, layer('Bidirectional', { layer: layer('LSTM', { units: 2, use_bias: false, peephole: true }) })],
      /"a_lstm" \(LSTM\) .* peephole true: no rule reads/,
      [
        ['a_bidirectional/forward_a_lstm/kernel', [3, 8]],
        ['a_bidirectional/forward_a_lstm/recurrent_kernel', [2, 8]],
        ['a_bidirectional/backward_a_lstm/kernel', [3, 8]],
        ['a_bidirectional/backward_a_lstm/recurrent_kernel', [2, 8]],
      ],
    ],
    ['with a field of an input', [inputLayer([null, 4], 'x', { ragged: true }), dense()], /"x" \(InputLayer\) .* ragged true/],
    [
      'of fewer bits',
      [picture, layer('Dropout', { rate: 1, dtype: { class_name: 'QuantizedDTypePolicy', config: { name: 'int8_from_float32' } } })],
      /dtype "int8_from_float32"/,
    ],
    [
      'with an activation of code',
      [picture, layer('Activation', { activation: { class_name: 'function', config: 'my_own' } })],
      /with activation "my_own"/,
    ],
    ['that needs a size', [inputLayer([null, null, 8, null]), dense()], /"dense" .* axis 3 of its input \[batch, height, 8, channels\]/],
    ['of 3 dimensions', [inputLayer([null, 4, 4, 4, 1]), layer('Conv3DTranspose', { filters: 1 })], /"a_conv3dtranspose" .* is not taken/],
  ])('%s', async (_what, list, message, weights) => {
    const said = await refusal(written(sequential(...list), weights));
    expect(said).toMatch(message);
    expect(said).toMatch(/Take the layer out, or convert|take the layer out|Use one of those/);
  });

  it('deep within', async () => {
    const model = sequential(inputLayer([null, 4]), { ...sequential(dense({}, 'inner'), layer('Lambda', {}, 'secret')), name: 'body' });
    model['config'].layers[1].config.layers[0].config.batch_input_shape = [null, 4];
    expect(await refusal(written(model, [['inner/kernel', [4, 2]]]))).toMatch(/Layer "secret" \(Lambda\)/);
  });

  it('arguments of a call', async () => {
    const model = functional([[inputLayer([null, 4])], [layer('Dropout', { rate: 0.5 }, 'y'), [['x', 0, 0, { training: true }]]]]);
    expect(await refusal(written(model))).toMatch(
      /"y" \(Dropout\) is not taken with the argument training of Layer "y"'s inbound_nodes\[0\]/,
    );
  });
});

describe('a config that cannot be', () => {
  const x = inputLayer([null, 4]);
  it.each<[string, unknown, RegExp]>([
    ['no config', { class_name: 'Sequential' }, /modelTopology.config should be an object, but is undefined/],
    ['another class', { class_name: 'Dense', config: {} }, /of class "Dense"; a Sequential, Model or Functional model/],
    ['a list for a topology', [], /modelTopology should be an object/],
    ['no layers', sequential(), /Model "model" has no layers/],
    [
      'a layer that is a text',
      { class_name: 'Sequential', config: { name: 'm', layers: ['Dense'] } },
      /layers\[0\] should be an object, but is "Dense"/,
    ],
    ['a layer without a class', sequential({ config: { name: 'a' } }), /layers\[0\].class_name should be a text/],
    ['a layer without a name', sequential({ class_name: 'Dense', config: {} }), /layers\[0\].name should be a text/],
    ['two layers of one name', sequential(x, dense(), dense()), /Layer "dense" occurs twice in model "model"/],
    ['a name of JavaScript', sequential(x, dense({}, '__proto__')), /"__proto__", which every JavaScript object has/],
    ['a class of JavaScript', sequential(x, layer('constructor')), /class_name is "constructor", which every/],
    ['a model of that name', { class_name: 'Sequential', config: { name: 'toString', layers: [x] } }, /"toString", which every JavaScript/],
    ['no input shape', sequential(dense()), /Layer "dense" \(Dense\) should say its input's shape/],
    ['an input shape that is none', sequential(inputLayer([null, -4])), /Layer "x" \(InputLayer\) should say its input's shape/],
    [
      'an input of text',
      sequential(inputLayer([null], 'x', { dtype: 'string' })),
      /"x" \(InputLayer\) is not taken with dtype "string": float32, .* are known. Give numbers to the model/,
    ],
    ['units below 1', sequential(x, dense({ units: 0 })), /Layer "dense" \(Dense\) has units 0; a whole number from 1 is wanted/],
    ['units that are no number', sequential(x, dense({ units: '2' })), /has units "2"/],
    [
      'a flag that is none',
      sequential(inputLayer([null, 2, 2, 1]), layer('GlobalMaxPooling2D', { keepdims: 1 })),
      /has keepdims 1; true or false/,
    ],
    ['an axis beyond', sequential(x, layer('BatchNormalization', { axis: 7 })), /has axis 7, but its input has 2 dimensions/],
    ['too many dimensions', sequential(inputLayer([null, 1, 1, 1, 1, 1, 1, 1, 1])), /should say its input's shape/],
    [
      'a window wider than the picture',
      sequential(inputLayer([null, 2, 2, 1]), layer('MaxPooling2D', { pool_size: 3 })),
      /\(MaxPooling2D\) becomes maxPool2d, which moves a window of 3 over 2 elements/,
    ],
    ['a crop of all', sequential(inputLayer([null, 2, 2, 1]), layer('Cropping2D', { cropping: 1 })), /crops 2 from an input of 2/],
    ['a shape that does not fit', sequential(x, layer('Reshape', { target_shape: [3] })), /target_shape \[3\], which 4 values cannot fill/],
    ['two open sizes', sequential(x, layer('Reshape', { target_shape: [-1, null] })), /which 4 values cannot fill/],
    ['a permutation that is none', sequential(x, layer('Permute', { dims: [1, 1] })), /has dims \[1, 1\]; each of 1 to 1 once/],
    [
      'a huge repetition',
      sequential(x, layer('RepeatVector', { n: 2 ** 30 })),
      /makes 4294967296 values of one example; the limit is 134217728/,
    ],
    ['a huge picture', sequential(inputLayer([null, 2 ** 20, 2 ** 20, 1]), layer('MaxPooling2D')), /makes 274877906944 values/],
    [
      'an input too wide',
      sequential(x, layer('Conv2D', { filters: 1, kernel_size: 1 })),
      /takes 4 dimensions, batch included, but is given \[batch, 4\]/,
    ],
  ])('%s', async (_what, model, message) => expect(await refusal(written(model))).toMatch(message));

  it('a million layers', async () => {
    const million = Array.from({ length: 1_000_000 }, () => ({ class_name: 'Dropout', config: { name: 'a' } }));
    expect(await refusal(written({ class_name: 'Sequential', config: { name: 'model', layers: million } }))).toMatch(
      /config.layers has 1000000 items; the limit is 20000/,
    );
  });

  it('models within models, deeper than JSON may be', async () => {
    let model = sequential(x);
    for (let depth = 0; depth < 40; depth++) model = sequential({ ...model, name: `m${depth}` });
    expect(await refusal(written(model))).toMatch(/nests more than 64 levels deep/);
  });

  it('models within models, each called many times', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    let model: Json = functional([[x], [layer('Dropout', {}, 'y'), [['x', 0, 0]]]]);
    for (let depth = 0; depth < 8; depth++) {
      // One layer, called by way of itself forty times: 40 to the 8th calls in all, and not one node.
      const calls = names.map((_, index) => [[index === 0 ? 'x' : 'y', index === 0 ? 0 : index, 0]]);
      model = functional([[x], [{ ...model, config: { ...model['config'], name: 'y' }, name: 'y' }, ...calls]], [['y', names.length, 0]]);
    }
    expect(await refusal(written(model))).toMatch(/calls more than 100000 layers/);
  });
});

describe('a graph of layers that cannot be', () => {
  const x = inputLayer([null, 4]);
  const y = layer('Add', {}, 'y');
  const drop = (name: string) => layer('Dropout', { rate: 0 }, name);
  it.each<[string, Json, RegExp]>([
    ['a layer that takes itself', functional([[x], [drop('y'), [['y', 0, 0]]]]), /Layer "y" takes what layer "y" gives.*a cycle/],
    [
      'a cycle',
      functional([[x], [drop('a'), [['b', 0, 0]]], [drop('b'), [['a', 0, 0]]], [drop('y'), [['b', 0, 0]]]]),
      /Layer "[ab]" takes what layer "[ab]" gives.*a cycle/,
    ],
    ['a missing layer', functional([[x], [drop('y'), [['z', 0, 0]]]]), /Layer "y" names layer "z", which model "model" does not have/],
    [
      'a missing layer with a name of JavaScript',
      functional([[x], [drop('y'), [['constructor', 0, 0]]]]),
      /names layer "constructor", which/,
    ],
    ['a missing output', functional([[x], [drop('y'), [['x', 0, 0]]]], [['z', 0, 0]]), /output_layers names layer "z"/],
    ['a missing input', functional([[x], [drop('y'), [['x', 0, 0]]]], [['y', 0, 0]], [['z', 0, 0]]), /input_layers names layer "z"/],
    [
      'an input that is no input',
      functional([[x], [drop('y'), [['x', 0, 0]]]], [['y', 0, 0]], [['y', 0, 0]]),
      /"y" \(Dropout\) is one of model "model"'s input_layers/,
    ],
    [
      'an input that is not listed',
      functional([
        [x],
        [inputLayer([null, 4], 'z')],
        [
          y,
          [
            ['x', 0, 0],
            ['z', 0, 0],
          ],
        ],
      ]),
      /Call 0 of layer "z" is wanted/,
    ],
    ['no outputs', functional([[x]], []), /output_layers is empty/],
    [
      'a call that is not there',
      functional([[x], [drop('y'), [['x', 0, 0]]]], [['y', 1, 0]]),
      /Call 1 of layer "y" is wanted, but model "model" has 1/,
    ],
    ['an output that is not there', functional([[x], [drop('y'), [['x', 0, 0]]]], [['y', 0, 1]]), /Output 1 of layer "y" is wanted/],
    ['an index that is none', functional([[x], [drop('y'), [['x', -1, 0]]]]), /has -1 for an index/],
    ['a call of nothing', functional([[x], [drop('y'), []]]), /inbound_nodes\[0\] is empty/],
    ['a call that is a text', functional([[x], [drop('y'), 'x']]), /inbound_nodes\[0\] should be an object/],
    ['a merge of one', functional([[x], [y, [['x', 0, 0]]]]), /Layer "y" \(Add\) merges at least 2 inputs, but is given 1/],
    [
      'a merge of shapes that do not fit',
      functional(
        [
          [x],
          [inputLayer([null, 3], 'z')],
          [
            y,
            [
              ['x', 0, 0],
              ['z', 0, 0],
            ],
          ],
        ],
        [['y', 0, 0]],
        [
          ['x', 0, 0],
          ['z', 0, 0],
        ],
      ),
      /Layer "y" \(Add\) cannot broadcast \[batch, 4\] and \[batch, 3\]/,
    ],
    [
      'two inputs for one',
      functional([
        [x],
        [
          drop('y'),
          [
            ['x', 0, 0],
            ['x', 0, 0],
          ],
        ],
      ]),
      /takes one input, but is given 2/,
    ],
  ])('%s', async (_what, model, message) => expect(await refusal(written(model))).toMatch(message));

  it('a chain of layers, twenty thousand long, is no matter for the stack', async () => {
    const chain = Array.from({ length: 19_998 }, (_, index) => [drop(`d${index}`), [[index === 0 ? 'x' : `d${index - 1}`, 0, 0]]] as const);
    const path = written(functional([[x], ...chain.toReversed(), [drop('y'), [['d19997', 0, 0]]]]));
    await expect(pack({ model: path, out: join(dirname(path), 'out') })).resolves.toMatchObject({ changed: true });
  });
});

describe('weights that are not the layers’', () => {
  const model = sequential(inputLayer([null, 4]), dense({ use_bias: true }));
  const kernel: WeightSpec = ['dense/kernel', [4, 2]];
  const bias: WeightSpec = ['dense/bias', [2]];
  it.each<[string, WeightSpec[], RegExp, ((json: Json) => void)?]>([
    ['none', [], /Layer "dense" \(Dense\) has no weight "dense\/kernel"/],
    ['one missing', [kernel], /has no weight "dense\/bias"/],
    [
      'one too many',
      [kernel, bias, ['more/kernel', [1]], ['more/bias', [1]]],
      /Weight "more\/kernel" belongs to no layer of model.json, nor do 1 more/,
    ],
    [
      'of another shape',
      [['dense/kernel', [2, 4]], bias],
      /"dense\/kernel" of Layer "dense" \(Dense\) has shape \[2, 4\]; its config and input want \[4, 2\]/,
    ],
    ['of fewer dimensions', [kernel, ['dense/bias', []]], /has shape \[\]; its config and input want \[2\]/],
    ['twice', [kernel, kernel, bias], /Weight "dense\/kernel" occurs twice/],
    [
      'of whole numbers',
      [kernel, bias],
      /"dense\/kernel" of Layer "dense" \(Dense\) is int32; float32 is wanted/,
      (json) => Object.assign(json['weightsManifest'][0].weights[0], { dtype: 'int32' }),
    ],
  ])('%s', async (_what, weights, message, change) => expect(await refusal(written(model, weights, change))).toMatch(message));

  it('of two layers at once', async () => {
    const twins = sequential(
      { ...sequential(dense({ batch_input_shape: [null, 2] })), name: 'a' },
      { ...sequential(dense({ batch_input_shape: [null, 2] })), name: 'b' },
    );
    expect(await refusal(written(twins, [['dense/kernel', [2, 2]]]))).toMatch(/and another layer both own weight "dense\/kernel"/);
  });
});

describe('a metadata.json that is broken', () => {
  const model = () => written(sequential(inputLayer([null, 4]), dense()), [['dense/kernel', [4, 2]]]);
  it.each([
    ['no JSON', '{', /metadata.json is not valid JSON/],
    ['a list', '[]', /metadata.json should be an object/],
    ['labels that are none', '{"tmVersion":"2","labels":"cat"}', /metadata.json's labels should be an array/],
    ['a label that is none', '{"tmVersion":"2","labels":["cat",1]}', /metadata.json's labels\[1\] should be a text/],
    ['a long label', JSON.stringify({ tmVersion: '2', labels: ['cat', 'x'.repeat(2000)] }), /labels\[1\] has more than 1024 bytes/],
  ])('%s', async (_what, content, message) => {
    const path = model();
    writeFileSync(join(dirname(path), 'metadata.json'), content);
    expect(await refusal(path)).toMatch(message);
  });

  it('a link out of the folder', async () => {
    const path = model();
    writeFileSync(join(folder, 'outside.json'), '{}');
    symlinkSync(join(folder, 'outside.json'), join(dirname(path), 'metadata.json'));
    expect(await refusal(path)).toMatch(/metadata.json leads out of the model's folder/);
  });
});

it('any one value of a real file is another: packed, or one line', async () => {
  const L = layers.layers;
  const model = layers.sequential({
    layers: [L.conv1d({ filters: 2, kernelSize: 3, inputShape: [6, 2] }), L.gru({ units: 2, recurrentInitializer: 'glorotNormal' })],
  });
  const path = await saveLayers(model, join(folder, 'real'));
  const text = readFileSync(path, 'utf8');
  const values = [...text.matchAll(/(?<=[:[,])(?:"[^"]*"|-?\d[\d.e-]*|true|false|null)(?=[\],}])/g)];
  const others = ['null', '-1', '1e30', '"x"', '[]', '{}', '[[[0]]]', 'true'];
  let refused = 0;
  for (const [index, match] of values.entries()) {
    const other = others[index % others.length]!;
    const place = join(folder, `value-${index}`);
    mkdirSync(place);
    writeFileSync(join(place, 'model.json'), `${text.slice(0, match.index)}${other}${text.slice(match.index + match[0].length)}`);
    writeFileSync(join(place, 'weights.bin'), readFileSync(join(dirname(path), 'weights.bin')));
    await pack({ model: join(place, 'model.json'), out: join(place, 'out') }).catch((thrown: unknown) => {
      refused++;
      expect(thrown, `${match[0]} as ${other}`).toMatchObject({ code: 'model-format', message: expect.not.stringContaining('\n') });
      expect(existsSync(join(place, 'out'))).toBe(false);
    });
  }
  expect(refused).toBeGreaterThan(20);
});
