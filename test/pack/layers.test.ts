/** Layers models: what the packed graph answers against what the model itself predicts, on cpu and on wasm. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { answers, compare, configs, expectClose, layers, saveLayers, seeded, train } from '../fixtures/layers.js';
import { LAYERS_MODELS, PLAIN } from '../fixtures/layers-models.js';
import { UNTRAINED } from '../fixtures/layers-untrained.js';
import { scratch } from '../fixtures/models.js';

const folder = scratch();
const place = (name: string) => join(folder, name.replaceAll(/\W/g, '-'));
const { input, sequential, model: functional } = layers;
const L = layers.layers;

describe('a trained model answers packed as it does itself, on cpu and on wasm', () => {
  it.each(Object.keys(LAYERS_MODELS))('%s', async (name) => {
    const specimen = LAYERS_MODELS[name]!();
    await train(specimen.model, specimen.inputs(6));
    await compare(place(name), specimen);
  });
});

describe('so does one that', () => {
  it.each(Object.keys(UNTRAINED))('%s', (name) => compare(place(name), UNTRAINED[name]!()));
});

describe('what TF.js gets wrong or cannot load is held against plain arithmetic', () => {
  it('a batch norm along an axis that is not the last: its cpu kernel does not broadcast', async () => {
    const model = sequential({
      layers: [L.batchNormalization({ axis: 1, inputShape: [3, 4], gammaInitializer: 'randomNormal', betaInitializer: 'randomNormal' })],
    });
    const [gamma, beta] = model.getWeights().map((weight) => weight.dataSync());
    const path = await saveLayers(model, join(folder, 'axis'));
    for await (const { given, got, what } of answers(path, (batch) => [seeded([batch, 3, 4], 2)])) {
      const { shape, data } = given[0]!;
      const row = (index: number) => Math.floor(index / 4) % 3;
      const wanted = Float32Array.from(data, (value, index) => (value / Math.sqrt(1 + 1e-3)) * gamma![row(index)]! + beta![row(index)]!);
      expectClose(got, [{ shape, data: wanted }], what);
    }
  });

  it('a bilinear UpSampling2D: it samples at whole pixels', async () => {
    const model = sequential({ layers: [L.upSampling2d({ size: [2, 2], interpolation: 'bilinear', inputShape: [1, 2, 1] })] });
    const path = await saveLayers(model, join(folder, 'larger'));
    for await (const { given, got, what } of answers(path, (batch) => [seeded([batch, 1, 2, 1], 3)])) {
      const { shape, data } = given[0]!;
      const rows = Array.from({ length: shape[0]! }, (_, index) => [data[2 * index]!, data[2 * index + 1]!] as const);
      const row = ([a, b]: readonly [number, number]) => [a, 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b, b];
      const wanted = Float32Array.from(rows.flatMap((each) => [...row(each), ...row(each)]));
      expectClose(got, [{ shape: [shape[0]!, 2, 4, 1], data: wanted }], what);
    }
  });

  it('a dilated DepthwiseConv2D: it has no dilation', async () => {
    const model = sequential({
      layers: [L.depthwiseConv2d({ kernelSize: [1, 2], dilationRate: [1, 2], useBias: false, inputShape: [1, 4, 1] })],
    });
    const path = await saveLayers(model, join(folder, 'dilated'));
    const [left, right] = model.getWeights()[0]!.dataSync();
    for await (const { given, got, what } of answers(path, (batch) => [seeded([batch, 1, 4, 1], 3)])) {
      const { shape, data } = given[0]!;
      const places = Array.from({ length: 2 * shape[0]! }, (_, place) => 4 * Math.floor(place / 2) + (place % 2));
      const wanted = Float32Array.from(places, (place) => left! * data[place]! + right! * data[place + 2]!);
      expectClose(got, [{ shape: [shape[0]!, 1, 2, 1], data: wanted }], what);
    }
  });

  it('a difference: tf.layers has no Subtract', async () => {
    const [a, b] = [input({ shape: [4] }), input({ shape: [4] })];
    const model = functional({ inputs: [a, b], outputs: L.add().apply([a, b]) as layers.SymbolicTensor });
    const path = await saveLayers(model, join(folder, 'difference'), (json) => {
      const found = configs(json).find(({ class_name }) => class_name === 'Add');
      Object.assign(found!, { class_name: 'Subtract' });
    });
    for await (const { given, got, what } of answers(path, (batch) => [seeded([batch, 4], 1), seeded([batch, 4], 2)])) {
      const [x, y] = given;
      expectClose(got, [{ shape: x!.shape, data: Float32Array.from(x!.data, (value, index) => value - y!.data[index]!) }], what);
    }
  });

  it.each([true, false])('a GRU with reset_after, as Keras makes them (bias: %s)', async (useBias) => {
    const [steps, width, units] = [3, 2, 2];
    const model = sequential({
      layers: [L.gru({ ...PLAIN, units, useBias, inputShape: [steps, width], returnSequences: true, recurrentActivation: 'sigmoid' })],
    });
    const [kernel, recurrent] = model.getWeights().map((weight) => weight.dataSync());
    const bias = Float32Array.from({ length: 6 * units }, (_, index) => (useBias ? Math.sin(index) : 0));
    const place = join(folder, `reset-after-${useBias}`);
    const path = await saveLayers(model, place, (json) => {
      Object.assign(configs(json).find(({ class_name }) => class_name === 'GRU')!['config'] as object, { reset_after: true });
      const [group] = json['weightsManifest'] as { paths: string[]; weights: { name: string; shape: number[] }[] }[];
      if (useBias) group!.weights[2]!.shape = [2, 3 * units];
    });
    if (useBias) writeFileSync(join(place, 'weights.bin'), new Uint8Array(Float32Array.of(...kernel!, ...recurrent!, ...bias).buffer));
    for await (const { given, got, what } of answers(path, (batch) => [seeded([batch, steps, width], 5)])) {
      const { shape, data } = given[0]!;
      const wanted: number[] = [];
      for (let batch = 0; batch < shape[0]!; batch++) {
        let h = Array<number>(units).fill(0);
        for (let step = 0; step < steps; step++) {
          const x = [...data.slice((batch * steps + step) * width, (batch * steps + step + 1) * width)];
          const own = (gate: number, unit: number) => dot(x, kernel!, gate * units + unit) + bias[gate * units + unit]!;
          const last = h;
          const moved = (gate: number, unit: number) => dot(last, recurrent!, gate * units + unit) + bias[(3 + gate) * units + unit]!;
          h = h.map((before, unit) => {
            const z = sigmoid(own(0, unit) + moved(0, unit));
            const r = sigmoid(own(1, unit) + moved(1, unit));
            return z * before + (1 - z) * Math.tanh(own(2, unit) + r * moved(2, unit));
          });
          wanted.push(...h);
        }
      }
      expectClose(got, [{ shape: [shape[0]!, steps, units], data: Float32Array.from(wanted) }], what);
    }

    function dot(row: readonly number[], matrix: ArrayLike<number>, column: number): number {
      return row.reduce((sum, value, index) => sum + value * matrix[index * 3 * units + column]!, 0);
    }
  });
});

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
