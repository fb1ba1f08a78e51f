/** The reference's ops of networks and by indices where sizes are 0, nothing is chosen, or values are no numbers. */
import { describe, expect, it } from 'vitest';
import { answer, answers } from '../fixtures/one-op.js';
import { bools, floats, ints, tensor, valuesOf } from '../fixtures/tensors.js';

const window = { strides: [1, 1], dilations: [1, 1], autoPad: 'explicit', padding: [0, 0, 0, 0] } as const;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('convolutions', () => {
  it('of no pictures, of no channels and to no channels', () => {
    const conv = (input: readonly number[], filter: readonly number[]) =>
      answer('conv2d', [floats([], input), floats([], filter), undefined], { ...window, groups: 1 });
    expect(conv([0, 2, 2, 1], [1, 1, 1, 0])).toEqual(floats([], [0, 2, 2, 0]));
    const none = answer('conv2d', [floats([], [1, 1, 2, 0]), floats([], [1, 1, 0, 2]), floats([3, 4])], { ...window, groups: 1 });
    expect(none).toEqual(floats([3, 4, 3, 4], [1, 1, 2, 2]));
  });

  it('of an empty picture, as far as padding reaches', () => {
    const y = answer('conv2d', [floats([], [1, 0, 2, 1]), floats([1], [1, 1, 1, 1]), floats([7])], {
      ...{ ...window, padding: [1, 0, 0, 0] },
      groups: 1,
    });
    expect(y).toEqual(floats([7, 7], [1, 1, 2, 1]));
  });

  it('transposed, cut to nothing, or longer than what reaches there', () => {
    const transpose = (padding: readonly number[], outputPadding: readonly number[]) =>
      answer('convTranspose2d', [floats([2], [1, 1, 1, 1]), floats([3, 4], [1, 2, 1, 1]), floats([10])], {
        ...{ strides: [1, 1], dilations: [1, 1], groups: 1 },
        ...{ padding, outputPadding },
      });
    expect(transpose([0, 0, 1, 1], [0, 0])).toEqual(floats([], [1, 1, 0, 1]));
    expect(transpose([0, 0, 0, 0], [1, 1])).toEqual(floats([16, 18, 10, 10, 10, 10], [1, 2, 3, 1]));
    expect(() => transpose([0, 0, 2, 1], [0, 0])).toThrow('cuts 3 elements of 2');
  });
});

describe('matmul', () => {
  it('keeps the lowest bits of small whole numbers, and what IEEE 754 says of infinities', () => {
    expect(valuesOf('matmul', [tensor('int8', [100, 2], [1, 2]), tensor('int8', [3, 1], [2, 1])], {})).toEqual([46]);
    expect(valuesOf('matmul', [tensor('uint8', [255, 255], [1, 2]), tensor('uint8', [255, 1], [2, 1])], {})).toEqual([0]);
    expect(valuesOf('matmul', [floats([infinity, 1], [1, 2]), floats([0, 1, 5, -1], [2, 2])], {})).toEqual([nan, infinity]);
  });
});

describe('layerNormalization', () => {
  it('takes scales in the order of its axes', () => {
    const normalize = (axes: readonly number[]) =>
      valuesOf('layerNormalization', [floats([1, -1, -1, 1], [1, 2, 1, 2]), floats([1, 2, 3, 4], [2, 2])], { axes, epsilon: 0 });
    expect(normalize([1, 3])).toEqual([1, -2, -3, 4]);
    expect(normalize([3, 1])).toEqual([1, -3, -2, 4]);
  });

  it('leaves the bias alone along no axes, and nothing of nothing', () => {
    const x = floats([5, 6]);
    expect(valuesOf('layerNormalization', [x, floats([2], []), floats([3], [])], { axes: [], epsilon: 1 })).toEqual([3, 3]);
    expect(answer('layerNormalization', [floats([], [2, 0]), undefined, undefined], { axes: [1], epsilon: 1 })).toEqual(floats([], [2, 0]));
  });
});

describe('instanceNormalization', () => {
  it('takes the scale of each channel in each picture of a batch', () => {
    const x = floats([1, 2, -1, -2, 3, 4, -3, -4], [2, 1, 2, 2]);
    const y = valuesOf('instanceNormalization', [x, floats([10, 20]), floats([1, 2])], { epsilon: 0 });
    expect(y).toEqual([11, 22, -9, -18, 11, 22, -9, -18]);
  });
});

describe('resample2d', () => {
  const linear = { mode: 'linear', coordinates: 'halfPixel', rounding: undefined } as const;

  it('makes nothing, but not something of nothing', () => {
    expect(answer('resample2d', [floats([1], [1, 1, 1, 1])], { ...linear, sizes: [0, 3] })).toEqual(floats([], [1, 0, 3, 1]));
    expect(answer('resample2d', [floats([], [1, 0, 3, 1])], { ...linear, sizes: [0, 2] })).toEqual(floats([], [1, 0, 2, 1]));
    expect(() => answer('resample2d', [floats([], [1, 0, 3, 1])], { ...linear, sizes: [2, 2] })).toThrow(
      'cannot give a picture [1, 0, 3, 1] the sizes [2, 2]',
    );
  });

  it('rounds whole numbers towards zero', () => {
    expect(valuesOf('resample2d', [ints([-1, -2], [1, 1, 2, 1])], { ...linear, sizes: [1, 1] })).toEqual([-1]);
  });

  it('finds the places of odd scales without rounding', () => {
    // 49 · (1 / 49) is less than 1 in float32 and in float64.
    const row = floats([0, 1, 2], [1, 1, 3, 1]);
    const y = valuesOf('resample2d', [row], { ...linear, sizes: [1, 147], mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' });
    expect([48, 49, 97, 98, 146].map((place) => y[place])).toEqual([0, 1, 1, 2, 2]);
  });

  it('has one place for one element that keeps the corners', () => {
    const given = { ...linear, coordinates: 'alignCorners', sizes: [1, 1] } as const;
    expect(valuesOf('resample2d', [floats([3, 4, 5], [1, 1, 3, 1])], given)).toEqual([3]);
  });
});

describe('cropAndResize', () => {
  const picture = floats([1, 2, 3, 4], [1, 2, 2, 1]);
  const crop = (boxes: readonly number[], places: readonly number[], input = picture) =>
    answer('cropAndResize', [input, floats(boxes, [places.length, 4]), ints(places)], {
      ...{ cropSize: [2, 1], mode: 'linear', extrapolationValue: -1 },
    });

  it('of no boxes, and of a picture without elements', () => {
    expect(crop([], [])).toEqual(floats([], [0, 2, 1, 1]));
    expect(crop([0, 0, 1, 1], [0], floats([], [1, 0, 2, 1]))).toEqual(floats([-1, -1], [1, 2, 1, 1]));
  });

  it('reaches the last element of a box that ends there', () => {
    expect([...crop([0, 0, 1, 1], [0]).data]).toEqual([1.5, 3.5]);
    expect([...crop([0.1, 1, 1, 1], [0]).data][1]).toBe(4);
  });

  it('refuses boxes that are not finite, and pictures beyond the batch', () => {
    expect(() => crop([0, 0, nan, 1], [0])).toThrow('takes a box from 0 to NaN');
    expect(() => crop([0, infinity, 1, 1], [0])).toThrow('takes a box from Infinity to 1');
    for (const place of [1, -1]) expect(() => crop([0, 0, 1, 1], [place])).toThrow(`takes picture ${place} of 1`);
  });
});

describe('places', () => {
  it('are none for k = 0, and for an axis without elements', () => {
    expect(answers('topK', [floats([1, 2])], { axis: 0, k: 0, largest: true })).toEqual([floats([]), ints([])]);
    expect(answers('topK', [floats([], [2, 0])], { axis: 1, k: 0, largest: false })).toEqual([floats([], [2, 0]), ints([], [2, 0])]);
  });

  it('come with NaN last where the least are wanted', () => {
    const [values] = answers('topK', [floats([nan, 2, infinity])], { axis: 0, k: 3, largest: false });
    expect([...(values?.data ?? [])]).toEqual([2, infinity, nan]);
  });

  it('of what is not zero', () => {
    expect(answer('nonzero', [floats([5], [])], { countName: 'n' })).toEqual(ints([], [1, 0]));
    expect(answer('nonzero', [floats([0], [])], { countName: 'n' })).toEqual(ints([], [0, 0]));
    expect(answer('nonzero', [floats([-0, nan])], { countName: 'n' })).toEqual(ints([1], [1, 1]));
  });
});

describe('gathers', () => {
  it('of no places, even along an axis without elements', () => {
    expect(answer('gather', [floats([], [0, 2]), ints([])], { axis: 0, batchDimensions: 0 })).toEqual(floats([], [0, 2]));
    expect(() => answer('gather', [floats([], [0, 2]), ints([0])], { axis: 0, batchDimensions: 0 })).toThrow(
      'takes index 0 of an axis of 0',
    );
  });

  it('take a scalar place, and keep every type', () => {
    for (const type of ['int64', 'int16', 'uint8', 'float16'] as const)
      expect(answer('gather', [tensor(type, [1, 2, 3]), ints([2], [])], { axis: 0, batchDimensions: 0 })).toEqual(tensor(type, [3], []));
    expect(answer('gather', [bools([1, 0]), tensor('int64', [1])], { axis: 0, batchDimensions: 0 })).toEqual(bools([0]));
  });

  it('refuse a place beyond any axis', () => {
    const table = floats([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(() => answer('gatherND', [table, ints([0, 3], [1, 2])], { batchDimensions: 0 })).toThrow('takes index 3 of an axis of 3');
    expect(() => answer('gatherElements', [table, ints([2], [1, 1])], { axis: 0 })).toThrow('takes index 2 of an axis of 2');
    expect(() => answer('gatherElements', [table, ints([0, 0, 0], [3, 1])], { axis: 1 })).toThrow('takes indices [3, 1] for [2, 3]');
  });
});

describe('scatters', () => {
  it('round once', () => {
    const add = { reduction: 'add' } as const;
    expect(valuesOf('scatterND', [floats([2 ** 24]), ints([0, 0], [2, 1]), floats([1, 1])], add)).toEqual([2 ** 24 + 2]);
    expect(valuesOf('scatterElements', [floats([2 ** 24]), ints([0, 0]), floats([1, 1])], { ...add, axis: 0 })).toEqual([2 ** 24 + 2]);
  });

  it('keep the lowest bits of products, and NaN of extremes', () => {
    const put = (reduction: 'mul' | 'max', type: 'int32' | 'int8' | 'float32', ...values: readonly [number, number]) =>
      valuesOf('scatterND', [tensor(type, [values[0]]), ints([0], [1, 1]), tensor(type, [values[1]])], { reduction });
    expect(put('mul', 'int8', 100, 3)).toEqual([44]);
    expect(put('mul', 'int32', 0x12345678, 0x7654321)).toEqual([Math.imul(0x12345678, 0x7654321)]);
    expect(put('max', 'float32', nan, 1)).toEqual([nan]);
    expect(put('max', 'float32', 1, nan)).toEqual([nan]);
  });

  it('put nothing, everything at once, and nowhere else', () => {
    const none = { reduction: 'none' } as const;
    expect(valuesOf('scatterND', [floats([1, 2]), ints([], [0, 1]), floats([])], none)).toEqual([1, 2]);
    expect(valuesOf('scatterND', [floats([1, 2]), ints([], [1, 0]), floats([3, 4], [1, 2])], none)).toEqual([3, 4]);
    expect(() => answer('scatterND', [floats([1, 2]), ints([2], [1, 1]), floats([3])], none)).toThrow('takes index 2 of an axis of 2');
    expect(() => answer('scatterND', [bools([1]), ints([0], [1, 1]), bools([1])], { reduction: 'add' })).toThrow('takes numbers as input');
  });
});

describe('nonMaxSuppression', () => {
  const given = { maxOutputSize: 9, iouThreshold: 0.3, scoreThreshold: 0.1, softSigma: 0, countName: 'n' };
  const choose = (boxes: readonly number[], scores: readonly number[], over: Partial<typeof given> = {}) =>
    valuesOf('nonMaxSuppression', [floats(boxes, [scores.length, 4]), floats(scores)], { ...given, ...over });
  const same = [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1];

  it('of no boxes, to no boxes, and of empty boxes', () => {
    expect(choose([], [])).toEqual([]);
    expect(choose(same, [0.5, 0.6, 0.7], { maxOutputSize: 0 })).toEqual([]);
    // A box without an area overlaps nothing, not even itself.
    expect(choose([0, 0, 0, 1, 0, 0, 0, 1], [0.5, 0.5])).toEqual([0, 1]);
  });

  it('takes the first of equal scores, and none at the threshold', () => {
    expect(choose(same, [0.5, 0.5, 0.5])).toEqual([0]);
    expect(choose(same, [0.5, nan, 0.25], { scoreThreshold: 0.25, iouThreshold: 1 })).toEqual([0]);
  });

  it('lowers scores instead of leaving boxes out, if it is soft', () => {
    expect(choose(same, [0.9, 0.8, 0.05], { softSigma: 0.5 })).toEqual([0, 1]);
    // 0.8 · e^-1 is 0.29.
    expect(choose(same, [0.9, 0.8, 0.05], { softSigma: 0.5, scoreThreshold: 0.3 })).toEqual([0]);
  });

  it('ends, even if boxes are not finite', () => {
    const boxes = [0, 0, infinity, 1, 0, 0, infinity, 1, nan, 0, 1, 1];
    expect(choose(boxes, [0.9, 0.8, 0.7])).toEqual([0, 1, 2]);
    expect(choose(boxes, [0.9, 0.8, 0.7], { softSigma: 0.5 })).toEqual([0]);
  });
});
