/** Layers models: what the packed graph answers against what the model itself predicts, on cpu and on wasm. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { answers, compare, configs, expectClose, layers, type Specimen, saveLayers, seeded, train } from '../fixtures/layers.js';
import { scratch } from '../fixtures/models.js';

const folder = scratch();
const place = (name: string) => join(folder, name.replaceAll(/\W/g, '-'));
const { input, sequential, model: functional } = layers;
const L = layers.layers;

const images = (size: number, channels: number) => (batch: number) => [seeded([batch, size, size, channels], 7)];

/** The default initializer, orthogonal, wants the chained methods that `@tensorflow/tfjs` adds to tensors. */
const PLAIN = { recurrentInitializer: 'glorotNormal' } as const;

/** One function for each name that `tf.layers` has, next to one another. */
const ACTIVATIONS = [
  ...(['elu', 'hardSigmoid', 'linear', 'relu', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus', 'softsign'] as const),
  ...(['tanh', 'swish', 'mish', 'gelu'] as const),
];

const TEN: Record<string, () => Specimen> = {
  'a dense classifier': () => ({
    model: sequential({
      layers: [
        L.dense({ units: 12, inputShape: [5], activation: 'relu' }),
        L.dropout({ rate: 0.5 }),
        L.dense({ units: 9, activation: 'elu' }),
        L.batchNormalization({}),
        L.gaussianNoise({ stddev: 1 }),
        L.dense({ units: 7, activation: 'tanh', useBias: false }),
        L.dense({ units: 4, activation: 'softmax' }),
      ],
    }),
    inputs: (batch) => [seeded([batch, 5], 1)],
  }),

  'a picture classifier': () => ({
    model: sequential({
      layers: [
        L.conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu6', inputShape: [24, 24, 3] }),
        L.batchNormalization({}),
        L.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, activation: 'relu' }),
        L.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, activation: 'elu' }),
        L.batchNormalization({ epsilon: 0.01 }),
        L.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'sigmoid' }),
        L.maxPooling2d({ poolSize: 2 }),
        L.conv2d({ filters: 4, kernelSize: 2, useBias: false, activation: 'tanh' }),
        L.averagePooling2d({ poolSize: [2, 1], strides: [1, 2], padding: 'same' }),
        L.flatten(),
        L.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
    inputs: images(24, 3),
  }),

  'two inputs, two outputs, a shared layer': () => {
    const [a, b] = [input({ shape: [6], name: 'a' }), input({ shape: [6], name: 'b' })];
    const shared = L.dense({ units: 8, activation: 'relu' });
    const [x, y] = [shared.apply(a), shared.apply(b)] as layers.SymbolicTensor[];
    const sum = L.add().apply([x!, y!]) as layers.SymbolicTensor;
    const both = L.concatenate().apply([sum, a, x!]) as layers.SymbolicTensor;
    const scores = L.dense({ units: 3, name: 'scores', activation: 'softmax' }).apply(both) as layers.SymbolicTensor;
    const price = L.dense({ units: 1, name: 'price' }).apply(both) as layers.SymbolicTensor;
    return {
      model: functional({ inputs: [a, b], outputs: [price, scores] }),
      inputs: (batch) => [seeded([batch, 6], 1), seeded([batch, 6], 2)],
    };
  },

  'every activation': () => {
    const x = input({ shape: [4, 6] });
    const wide = L.dense({ units: 6 }).apply(x) as layers.SymbolicTensor;
    const each = [
      ...ACTIVATIONS.map((activation) => L.dense({ units: 6, activation })),
      ...ACTIVATIONS.map((activation) => L.activation({ activation })),
      ...[L.reLU({}), L.reLU({ maxValue: 6 }), L.reLU({ maxValue: 0.5 }), L.leakyReLU({ alpha: 0.1 }), L.elu(), L.softmax({ axis: -1 })],
      ...[L.prelu({ sharedAxes: [1] }), L.prelu({ alphaInitializer: 'randomNormal' })],
    ];
    const outputs = each.map((layer) => layer.apply(wide) as layers.SymbolicTensor);
    return {
      model: functional({ inputs: x, outputs: L.concatenate({ axis: 1 }).apply(outputs) as layers.SymbolicTensor }),
      inputs: (batch) => [seeded([batch, 4, 6], 3)],
    };
  },

  'a signal': () => ({
    model: sequential({
      layers: [
        L.conv1d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'relu', inputShape: [40, 2] }),
        L.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }),
        L.conv1d({ filters: 5, kernelSize: 3, activation: 'tanh', useBias: false }),
        L.averagePooling1d({ poolSize: 2 }),
        L.conv1d({ filters: 4, kernelSize: 3, strides: 2 }),
        L.globalAveragePooling1d({}),
        L.dense({ units: 2 }),
      ],
    }),
    inputs: (batch) => [seeded([batch, 40, 2], 4)],
  }),

  'text through an LSTM': () => ({
    model: sequential({
      layers: [
        L.embedding({ inputDim: 30, outputDim: 8, inputLength: 12 }),
        L.lstm({ ...PLAIN, units: 7, returnSequences: true, recurrentActivation: 'sigmoid', dropout: 0.2 }),
        L.lstm({ ...PLAIN, units: 5, goBackwards: true, useBias: false }),
        L.dense({ units: 1, activation: 'sigmoid' }),
      ],
    }),
    inputs: (batch) => [seeded([batch, 12], 5, 30)],
  }),

  'steps through GRUs': () => {
    const x = input({ shape: [9, 4] });
    const gru = L.gru({ ...PLAIN, units: 6, returnSequences: true, returnState: true }).apply(x) as layers.SymbolicTensor[];
    const back = L.gru({
      ...PLAIN,
      units: 5,
      goBackwards: true,
      returnSequences: true,
      recurrentActivation: 'sigmoid',
      useBias: false,
    }).apply(gru[0]!);
    const simple = L.simpleRNN({ ...PLAIN, units: 4, returnSequences: true, activation: 'relu' }).apply(back);
    const steps = L.timeDistributed({ layer: L.dense({ units: 3, activation: 'softmax' }) }).apply(simple) as layers.SymbolicTensor;
    return {
      model: functional({
        inputs: x,
        outputs: L.concatenate().apply([L.flatten().apply(steps) as layers.SymbolicTensor, gru[1]!]) as layers.SymbolicTensor,
      }),
      inputs: (batch) => [seeded([batch, 9, 4], 6)],
    };
  },

  'both ways through time': () => {
    const x = input({ shape: [7, 3] });
    const lstm = () => L.lstm({ ...PLAIN, units: 4, returnSequences: true }) as layers.RNN;
    const concat = L.bidirectional({ layer: lstm(), mergeMode: 'concat' }).apply(x);
    const sum = L.bidirectional({ layer: lstm(), mergeMode: 'sum' }).apply(concat);
    const ave = L.bidirectional({
      layer: L.gru({ ...PLAIN, units: 5, returnSequences: true, goBackwards: true }) as layers.RNN,
      mergeMode: 'ave',
    }).apply(sum);
    const mul = L.bidirectional({ layer: L.simpleRNN({ ...PLAIN, units: 5 }) as layers.RNN, mergeMode: 'mul' }).apply(
      ave,
    ) as layers.SymbolicTensor;
    return { model: functional({ inputs: x, outputs: mul }), inputs: (batch) => [seeded([batch, 7, 3], 8)] };
  },

  'a segmentation network': () => {
    const x = input({ shape: [16, 16, 1] });
    const padded = L.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 3],
      ],
    }).apply(x);
    const cropped = L.cropping2D({
      cropping: [
        [1, 2],
        [3, 0],
      ],
    }).apply(padded) as layers.SymbolicTensor;
    const down = L.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' }).apply(cropped);
    const bent = L.leakyReLU({ alpha: 0.2 }).apply(down) as layers.SymbolicTensor;
    const deep = L.conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' }).apply(bent);
    const steep = L.prelu({ sharedAxes: [1, 2], alphaInitializer: 'randomNormal' }).apply(deep);
    const up = L.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }).apply(
      steep,
    ) as layers.SymbolicTensor;
    const joined = L.concatenate({ axis: 3 }).apply([up, bent]);
    const larger = L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }).apply(joined) as layers.SymbolicTensor;
    const plain = L.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2, useBias: false }).apply(joined) as layers.SymbolicTensor;
    const blocks = L.upSampling2d({ size: [1, 1] }).apply(plain) as layers.SymbolicTensor;
    const mask = L.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }).apply(
      L.concatenate().apply([larger, blocks]),
    ) as layers.SymbolicTensor;
    const peak = L.dense({ units: 1 }).apply(L.globalMaxPooling2d({}).apply(blocks)) as layers.SymbolicTensor;
    return { model: functional({ inputs: x, outputs: L.multiply().apply([mask, peak]) as layers.SymbolicTensor }), inputs: images(16, 1) };
  },

  'shapes, norms and merges': () => {
    const x = input({ shape: [3, 8] });
    const square = L.permute({ dims: [2, 1] }).apply(L.reshape({ targetShape: [4, 6] }).apply(x)) as layers.SymbolicTensor;
    const normed = L.layerNormalization({ axis: [1, 2], gammaInitializer: 'randomNormal' }).apply(square) as layers.SymbolicTensor;
    const last = L.layerNormalization({ epsilon: 0.01 }).apply(normed) as layers.SymbolicTensor;
    const along = L.batchNormalization({}).apply(last) as layers.SymbolicTensor;
    const row = L.dense({ units: 4 }).apply(L.flatten().apply(along)) as layers.SymbolicTensor;
    const rows = L.repeatVector({ n: 6 }).apply(row) as layers.SymbolicTensor;
    const merged = [
      ...[L.multiply(), L.average(), L.add()].map((layer) => layer.apply([rows, along, row]) as layers.SymbolicTensor),
      ...[L.maximum(), L.minimum()].map((layer) => layer.apply([rows, along]) as layers.SymbolicTensor),
    ];
    const dot = L.dot({ axes: 2, normalize: true }).apply([merged[0]!, merged[1]!]) as layers.SymbolicTensor;
    const vectors = L.globalMaxPooling1d({}).apply(dot) as layers.SymbolicTensor;
    const cosine = L.dot({ axes: 1 }).apply([
      vectors,
      L.activation({ activation: 'tanh' }).apply(vectors) as layers.SymbolicTensor,
    ]) as layers.SymbolicTensor;
    const all = L.flatten().apply(L.concatenate({ axis: -1 }).apply(merged)) as layers.SymbolicTensor;
    const scaled = layers.layers.rescaling({ scale: 0.5, offset: -0.25 }).apply(all) as layers.SymbolicTensor;
    return {
      model: functional({ inputs: x, outputs: [L.dense({ units: 2 }).apply(scaled) as layers.SymbolicTensor, cosine] }),
      inputs: (batch) => [seeded([batch, 3, 8], 9)],
    };
  },
};

/** What TF.js's own training cannot take, or what is about how layers are joined. */
const UNTRAINED: Record<string, () => Specimen> = {
  'dilated convolutions': () => ({
    model: sequential({
      layers: [
        L.conv2d({ filters: 3, kernelSize: [3, 2], dilationRate: 2, activation: 'relu', inputShape: [12, 12, 4] }),
        L.separableConv2d({ filters: 5, kernelSize: 3, dilationRate: [2, 1], padding: 'same' }),
        L.reshape({ targetShape: [-1, 5] }),
        L.conv1d({ filters: 2, kernelSize: 3, dilationRate: 3, padding: 'same' }),
      ],
    }),
    inputs: images(12, 4),
  }),

  'functions without a gradient': () => ({
    model: sequential({ layers: [L.dense({ units: 9, inputShape: [5] }), L.thresholdedReLU({ theta: 0.2 }), L.softmax({ axis: 1 })] }),
    inputs: (batch) => [seeded([batch, 5], 2)],
  }),

  'norms without scale or centre': () => ({
    model: sequential({
      layers: [
        L.batchNormalization({ scale: false, inputShape: [5], movingMeanInitializer: 'randomNormal', movingVarianceInitializer: 'ones' }),
        L.batchNormalization({ center: false, epsilon: 0.1 }),
        L.layerNormalization({ scale: false, betaInitializer: 'randomNormal' }),
        L.layerNormalization({ center: false, gammaInitializer: 'randomNormal' }),
      ],
    }),
    inputs: (batch) => [seeded([batch, 5], 11)],
  }),

  'states given and taken': () => {
    const [x, h, c] = [input({ shape: [4, 3] }), input({ shape: [5] }), input({ shape: [5] })];
    const lstm = L.lstm({ ...PLAIN, units: 5, returnState: true }).apply([x, h, c]) as layers.SymbolicTensor[];
    return {
      model: functional({ inputs: [x, h, c], outputs: lstm }),
      inputs: (batch) => [seeded([batch, 4, 3], 1), seeded([batch, 5], 2), seeded([batch, 5], 3)],
    };
  },

  'both ways, kept apart': () => {
    const x = input({ shape: [4, 3] });
    const layer = L.bidirectional({ layer: L.gru({ ...PLAIN, units: 2, returnSequences: true }) as layers.RNN, mergeMode: null as never });
    return {
      model: functional({ inputs: x, outputs: layer.apply(x) as layers.SymbolicTensor[] }),
      inputs: (batch) => [seeded([batch, 4, 3], 1)],
    };
  },

  'models within models, called twice': () => {
    const inner = sequential({
      name: 'inner',
      layers: [L.dense({ units: 3, inputShape: [3], activation: 'tanh' }), L.dropout({ rate: 0.1 })],
    });
    const [p, q] = [input({ shape: [3] }), input({ shape: [3] })];
    const swap = functional({
      name: 'swap',
      inputs: [p, q],
      outputs: [L.activation({ activation: 'relu' }).apply(q) as layers.SymbolicTensor, p],
    });
    const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
    const [c, d] = swap.apply([
      inner.apply(a) as layers.SymbolicTensor,
      inner.apply(inner.apply(b)) as layers.SymbolicTensor,
    ]) as layers.SymbolicTensor[];
    const [e, f] = swap.apply([d!, c!]) as layers.SymbolicTensor[];
    return {
      model: functional({ inputs: [a, b], outputs: [e!, f!, c!, a] }),
      inputs: (batch) => [seeded([batch, 3], 1), seeded([batch, 3], 2)],
    };
  },

  'sizes left open': () => ({
    model: sequential({
      layers: [
        L.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [null, null, 2] }),
        L.maxPooling2d({ poolSize: 2 }),
        L.globalAveragePooling2d({}),
        L.dense({ units: 2 }),
      ],
    }),
    inputs: images(10, 2),
  }),

  'whole numbers that are not indices': () => {
    const x = input({ shape: [4], dtype: 'int32' });
    const embedded = L.globalAveragePooling1d({}).apply(L.embedding({ inputDim: 9, outputDim: 3 }).apply(x)) as layers.SymbolicTensor;
    const plain = layers.layers.rescaling({ scale: 0.1 }).apply(x) as layers.SymbolicTensor;
    return {
      model: functional({ inputs: x, outputs: L.concatenate().apply([embedded, plain]) as layers.SymbolicTensor }),
      inputs: (batch) => [seeded([batch, 4], 1, 9)],
    };
  },
};

describe('a trained model answers packed as it does itself, on cpu and on wasm', () => {
  it.each(Object.keys(TEN))('%s', async (name) => {
    const specimen = TEN[name]!();
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
