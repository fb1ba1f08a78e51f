/** The reference's ops of networks and by indices, against TF.js's cpu kernels over random sizes, strides and paddings. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../fixtures/expect-close.js';
import { answer, answers } from '../fixtures/one-op.js';
import { pick, randomTensor, tensor } from '../fixtures/tensors.js';

// Else TF.js recommends its Node package on stderr.
tf.enableProdMode();

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const ROUNDS = 80;

/** Calls `round` with random numbers of its own, so that one that fails can be run alone. */
function rounds(seed: number, round: (next: () => number, from: (least: number, most: number) => number, number: number) => void): void {
  for (let number = 0; number < ROUNDS; number++) {
    const next = mulberry32(seed * 1000 + number);
    round(next, (least, most) => least + pick(next, most - least + 1), number);
  }
}

const given = <Rank extends tf.Rank>({ dataType, shape, data }: Tensor) =>
  tf.tensor(Array.from(data), [...shape] as tf.ShapeMap[Rank], dataType as 'float32' | 'int32') as tf.Tensor<Rank>;
const floats = (next: () => number, shape: readonly number[]): Tensor => randomTensor(next, 'float32', shape);

function expectSame(got: Tensor, wanted: tf.Tensor, what: string): void {
  expect(got.shape, what).toEqual(wanted.shape);
  expect(got.dataType, what).toBe(wanted.dtype);
  expectClose(got.data, wanted.dataSync(), what, 1e-5);
}

/** A padding, as both have it. */
function randomPadding(from: (least: number, most: number) => number) {
  const mode = from(0, 2);
  const [top, bottom, left, right] = [from(0, 2), from(0, 2), from(0, 2), from(0, 2)];
  if (mode === 0) return { ours: { autoPad: 'sameUpper', padding: [0, 0, 0, 0] }, theirs: 'same' } as const;
  if (mode === 1) return { ours: { autoPad: 'explicit', padding: [0, 0, 0, 0] }, theirs: 'valid' } as const;
  const theirs: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return { ours: { autoPad: 'explicit', padding: [top, bottom, left, right] }, theirs: theirs as unknown as 'valid' } as const;
}

/** Strides and dilations, of which TF.js allows one beyond 1. */
function randomSteps(from: (least: number, most: number) => number): { strides: [number, number]; dilations: [number, number] } {
  const steps: [number, number] = [from(1, 3), from(1, 3)];
  return from(0, 1) === 0 ? { strides: steps, dilations: [1, 1] } : { strides: [1, 1], dilations: steps };
}

describe('convolutions', () => {
  it('over whole pictures', () => {
    rounds(1, (next, from, number) => {
      const { ours, theirs } = randomPadding(from);
      const [filterHeight, filterWidth] = theirs === 'same' ? [from(1, 6), from(1, 6)] : [from(1, 3), from(1, 3)];
      const [taken, made] = [from(1, 5), from(1, 9)];
      const steps = randomSteps(from);
      const least = theirs === 'same' ? 1 : 7;
      const input = floats(next, [from(0, 1) === 0 ? 1 : 3, from(least, 9), from(least, 9), taken]);
      const filter = floats(next, [filterHeight, filterWidth, taken, made]);
      const wanted = tf.conv2d(given<tf.Rank.R4>(input), given<tf.Rank.R4>(filter), steps.strides, theirs, 'NHWC', steps.dilations);
      expectSame(answer('conv2d', [input, filter], { ...steps, ...ours, groups: 1 }), wanted, `round ${number}`);
    });
  });

  it('of each channel by itself', () => {
    rounds(2, (next, from, number) => {
      const { ours, theirs } = randomPadding(from);
      const [size, taken, times] = [from(1, 4), from(2, 5), from(1, 3)];
      const steps = randomSteps(from);
      const input = floats(next, [from(1, 2), from(10, 13), from(10, 13), taken]);
      const filter = floats(next, [size, size, taken, times]);
      const wanted = tf.depthwiseConv2d(
        given<tf.Rank.R4>(input),
        given<tf.Rank.R4>(filter),
        steps.strides,
        theirs,
        'NHWC',
        steps.dilations,
      );
      const grouped = { ...filter, shape: [size, size, 1, taken * times] };
      expectSame(answer('conv2d', [input, grouped], { ...steps, ...ours, groups: taken }), wanted, `round ${number}`);
    });
  });

  it('transposed', () => {
    rounds(3, (next, from, number) => {
      const strides: [number, number] = [from(1, 3), from(1, 3)];
      const [rows, columns] = [from(strides[0], 4), from(strides[1], 4)];
      const [batch, height, width, taken, made] = [from(1, 2), from(1, 5), from(1, 5), from(1, 5), from(1, 5)];
      const input = floats(next, [batch, height, width, taken]);
      const filter = floats(next, [rows, columns, made, taken]);
      // SAME of the convolution that this one transposes: it took ⌈size / stride⌉ places of a picture of this size.
      const shape: [number, number, number, number] = [batch, height * strides[0], width * strides[1], made];
      const wanted = tf.conv2dTranspose(given<tf.Rank.R4>(input), given<tf.Rank.R4>(filter), shape, strides, 'same');
      const cut = [rows - strides[0], columns - strides[1]].flatMap((each) => [Math.floor(each / 2), each - Math.floor(each / 2)]);
      const attributes = { strides, dilations: [1, 1], padding: cut, outputPadding: [0, 0], groups: 1 };
      expectSame(answer('convTranspose2d', [input, filter], attributes), wanted, `round ${number}`);
    });
  });
});

it.each([
  ['averagePool2d', 'avg'],
  ['maxPool2d', 'max'],
] as const)('%s', (op, type) => {
  rounds(4, (next, from, number) => {
    const { ours, theirs } = randomPadding(from);
    const windowDimensions: [number, number] = [from(3, 4), from(3, 4)];
    const steps = randomSteps(from);
    const input = floats(next, [from(1, 3), from(10, 13), from(10, 13), from(1, 3)]);
    const picture = given<tf.Rank.R4>(input);
    // tf.pool computes dilations by moving blocks into the batch, which pads maxima with zeros; so dilated pools are not compared.
    const strides = steps.strides;
    const wanted = (type === 'avg' ? tf.avgPool : tf.maxPool)(picture, windowDimensions, strides, theirs);
    const attributes = { strides, dilations: [1, 1], ...ours, windowDimensions, outputRounding: 'floor', countPadding: false } as const;
    expectSame(answer(op, [input], attributes), wanted, `round ${number}`);
  });
});

it('matmul', () => {
  rounds(5, (next, from, number) => {
    const [rows, depth, columns, batch] = [from(1, 9), from(1, 9), from(1, 9), from(1, 3)];
    const type = from(0, 1) === 0 ? 'float32' : 'int32';
    const [a, b] = [
      randomTensor(next, type, [batch, rows, depth]),
      randomTensor(next, type, [from(0, 1) === 0 ? 1 : batch, depth, columns]),
    ];
    expectSame(answer('matmul', [a, b], {}), tf.matMul(given(a), given(b)), `round ${number}`);
  });
});

describe('normalisations', () => {
  it('by given numbers', () => {
    rounds(6, (next, from, number) => {
      const channels = from(1, 5);
      const input = floats(next, [from(1, 3), from(1, 4), from(1, 4), channels]);
      const [mean, scale, bias] = [floats(next, [channels]), floats(next, [channels]), floats(next, [channels])];
      const variance = { ...mean, data: Float32Array.from(mean.data, Math.abs) };
      const wanted = tf.batchNorm(given<tf.Rank.R4>(input), given<tf.Rank.R1>(mean), given(variance), given(bias), given(scale), 0.01);
      expectSame(answer('batchNormalization', [input, mean, variance, scale, bias], { axis: 3, epsilon: 0.01 }), wanted, `round ${number}`);
    });
  });

  it('by the moments of the input', () => {
    rounds(7, (next, from, number) => {
      const input = floats(next, [from(1, 3), from(1, 4), from(1, 4), from(1, 4)]);
      const axes = [[1, 2], [3], [3, 1], [0, 1, 2, 3]][from(0, 3)] as number[];
      const { mean, variance } = tf.moments(given(input), axes, true);
      const wanted = tf.div(tf.sub(given(input), mean), tf.sqrt(tf.add(variance, 0.01)));
      expectSame(answer('layerNormalization', [input, undefined, undefined], { axes, epsilon: 0.01 }), wanted, `round ${number}`);
      if (axes.join() !== '1,2') return;
      expectSame(answer('instanceNormalization', [input, undefined, undefined], { epsilon: 0.01 }), wanted, `round ${number}`);
    });
  });

  it('by neighbouring channels', () => {
    rounds(8, (next, from, number) => {
      const input = floats(next, [from(1, 2), from(1, 3), from(1, 3), from(1, 9)]);
      const attributes = { radius: from(0, 4), bias: 1 + next(), alpha: next(), beta: next() };
      const { radius, bias, alpha, beta } = attributes;
      const wanted = tf.localResponseNormalization(given<tf.Rank.R4>(input), radius, bias, alpha, beta);
      expectSame(answer('localResponseNormalization', [input], attributes), wanted, `round ${number}`);
    });
  });
});

it('resample2d', () => {
  rounds(9, (next, from, number) => {
    const input = floats(next, [from(1, 3), from(1, 8), from(1, 8), from(1, 3)]);
    const sizes: [number, number] = [from(1, 12), from(1, 12)];
    const coordinates = (['halfPixel', 'asymmetric', 'alignCorners'] as const)[from(0, 2)] as 'halfPixel';
    const flags = [(coordinates as string) === 'alignCorners', coordinates === 'halfPixel'] as const;
    const linear = answer('resample2d', [input], { sizes, coordinates, mode: 'linear', rounding: undefined });
    expectSame(linear, tf.image.resizeBilinear(given<tf.Rank.R4>(input), sizes, ...flags), `linear ${number} ${coordinates}`);
  });
});

it('cropAndResize', () => {
  rounds(10, (next, from, number) => {
    const [batch, count] = [from(1, 3), from(1, 4)];
    const input = floats(next, [batch, from(1, 7), from(1, 7), from(1, 3)]);
    const boxes = tensor(
      'float32',
      Array.from({ length: 4 * count }, () => next() * 1.6 - 0.3),
      [count, 4],
    );
    const places = tensor(
      'int32',
      Array.from({ length: count }, () => pick(next, batch)),
    );
    const cropSize: [number, number] = [from(1, 6), from(1, 6)];
    const mode = from(0, 1) === 0 ? 'linear' : 'nearest';
    const got = answer('cropAndResize', [input, boxes, places], { cropSize, mode, extrapolationValue: -9 });
    const method = mode === 'linear' ? 'bilinear' : 'nearest';
    const wanted = tf.image.cropAndResize(
      given<tf.Rank.R4>(input),
      given<tf.Rank.R2>(boxes),
      given<tf.Rank.R1>(places),
      cropSize,
      method,
      -9,
    );
    expectSame(got, wanted, `round ${number}`);
  });
});

describe('by indices', () => {
  const indices = (next: () => number, shape: readonly number[], below: number): Tensor =>
    tensor(
      'int32',
      Array.from({ length: sizeOf(shape) }, () => pick(next, below)),
      shape,
    );

  it('gather', () => {
    rounds(11, (next, from, number) => {
      const batchDimensions = from(0, 1);
      const input = floats(next, [from(1, 3), from(1, 4), from(1, 4), from(1, 3)]);
      const axis = from(batchDimensions, 3);
      const places = indices(next, [...input.shape.slice(0, batchDimensions), from(1, 5)], input.shape[axis] as number);
      const wanted = tf.gather(given(input), given(places), axis, batchDimensions);
      expectSame(answer('gather', [input, places], { axis, batchDimensions }), wanted, `round ${number}`);
    });
  });

  it('gatherND and scatterND', () => {
    rounds(12, (next, from, number) => {
      const size = from(2, 4);
      const input = floats(next, [size, size, size]);
      const places = indices(next, [from(1, 3), from(1, 4), from(1, 3)], size);
      const taken = answer('gatherND', [input, places], { batchDimensions: 0 });
      expectSame(taken, tf.gatherND(given(input), given(places)), `gather ${number}`);
      const zeros = { ...input, data: new Float32Array(input.data.length) };
      const wanted = tf.scatterND(given(places), given(taken), [...input.shape]);
      expectSame(answer('scatterND', [zeros, places, taken], { reduction: 'add' }), wanted, `scatter ${number}`);
    });
  });

  it('topK and oneHot', () => {
    rounds(13, (next, from, number) => {
      // Whole numbers, so that many are equal.
      const input = randomTensor(next, 'int32', [from(1, 3), from(1, 9)], 3);
      const k = from(1, input.shape[1] as number);
      const wanted = tf.topk(given(input), k);
      const [values, places] = answers('topK', [input], { axis: 1, k, largest: true }) as [Tensor, Tensor];
      expectSame(values, wanted.values, `values ${number}`);
      expectSame(places, wanted.indices, `places ${number}`);
      const [on, off] = [tensor('float32', [7], []), tensor('float32', [-2], [])];
      expectSame(
        answer('oneHot', [places, on, off], { axis: 2, depth: 5 }),
        tf.oneHot(given(places) as tf.Tensor2D, 5, 7, -2, 'float32'),
        `hot ${number}`,
      );
    });
  });

  it('nonMaxSuppression', () => {
    rounds(14, (next, from, number) => {
      const count = from(1, 20);
      const boxes = floats(next, [count, 4]);
      const scores = tensor(
        'float32',
        Array.from({ length: count }, () => Math.round(next() * 10) / 10),
      );
      const soft = from(0, 1) === 0;
      const attributes = {
        maxOutputSize: from(0, 12),
        iouThreshold: soft ? 1 : next(),
        scoreThreshold: 0.15,
        softSigma: soft ? next() : 0,
      };
      const { maxOutputSize, iouThreshold, scoreThreshold, softSigma } = attributes;
      const wanted = tf.image.nonMaxSuppressionWithScore(
        given<tf.Rank.R2>(boxes),
        given<tf.Rank.R1>(scores),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
        softSigma,
      );
      const [chosen, left] = answers('nonMaxSuppression', [boxes, scores], { ...attributes, countName: 'n' }) as [Tensor, Tensor];
      expectSame(chosen, wanted['selectedIndices'] as tf.Tensor, `chosen ${number}`);
      expectSame(left, wanted['selectedScores'] as tf.Tensor, `scores ${number}`);
    });
  });
});
