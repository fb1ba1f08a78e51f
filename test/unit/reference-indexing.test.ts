/** The reference's ops that take, put and choose elements, against values by hand. */
import { describe, expect, it } from 'vitest';
import { answer, answers } from '../fixtures/one-op.js';
import { floats, ints, tensor } from '../fixtures/tensors.js';

describe('gather', () => {
  const table = floats([1, 2, 3, 4, 5, 6], [3, 2]);

  it('takes slices along an axis', () => {
    expect(answer('gather', [table, ints([2, 0, 0, 1], [2, 2])], { axis: 0, batchDimensions: 0 })).toEqual(
      floats([5, 6, 1, 2, 1, 2, 3, 4], [2, 2, 2]),
    );
    expect(answer('gather', [table, ints([1])], { axis: 1, batchDimensions: 0 })).toEqual(floats([2, 4, 6], [3, 1]));
  });

  it('takes each batch from its own part', () => {
    const indices = ints([1, 1, 0, 1, 0, 0], [3, 2]);
    expect(answer('gather', [table, indices], { axis: 1, batchDimensions: 1 })).toEqual(floats([2, 2, 3, 4, 5, 5], [3, 2]));
  });

  it('refuses an index that the axis does not have', () => {
    for (const index of [3, -1])
      expect(() => answer('gather', [table, ints([index])], { axis: 0, batchDimensions: 0 })).toThrow(
        `takes index ${index} of an axis of 3`,
      );
  });

  it('takes single elements, and slices by rows of indices', () => {
    expect(answer('gatherElements', [table, ints([2, 0], [1, 2])], { axis: 0 })).toEqual(floats([5, 2], [1, 2]));
    expect(answer('gatherND', [table, ints([0, 1, 2, 0], [2, 2])], { batchDimensions: 0 })).toEqual(floats([2, 5]));
    expect(answer('gatherND', [table, ints([2, 0], [2, 1])], { batchDimensions: 0 })).toEqual(floats([5, 6, 1, 2], [2, 2]));
    expect(answer('gatherND', [table, ints([1, 0, 1], [3, 1])], { batchDimensions: 1 })).toEqual(floats([2, 3, 6]));
  });
});

describe('scatter', () => {
  const zeros = floats([0, 0, 0, 0]);

  it('puts slices where rows of indices say', () => {
    const indices = ints([3, 1, 3], [3, 1]);
    const updates = floats([1, 2, 4]);
    expect(answer('scatterND', [zeros, indices, updates], { reduction: 'none' })).toEqual(floats([0, 2, 0, 4]));
    expect(answer('scatterND', [zeros, indices, updates], { reduction: 'add' })).toEqual(floats([0, 2, 0, 5]));
  });

  it('keeps the lowest bits of whole numbers', () => {
    const put = (reduction: 'add' | 'mul') =>
      answer('scatterND', [ints([2 ** 31 - 1]), ints([0], [1, 1]), ints([3])], { reduction }).data[0];
    expect(put('add')).toBe(-(2 ** 31) + 2);
    expect(put('mul')).toBe(Math.imul(2 ** 31 - 1, 3));
  });

  it('puts single elements', () => {
    const y = answer('scatterElements', [floats([1, 2, 3, 4], [2, 2]), ints([1, 0], [1, 2]), floats([9, 8], [1, 2])], {
      axis: 0,
      reduction: 'none',
    });
    expect(y).toEqual(floats([1, 8, 9, 4], [2, 2]));
  });
});

describe('oneHot', () => {
  it('has a new axis, and nothing for an index beyond it', () => {
    const on = [ints([5], []), ints([-1], [])];
    expect(answer('oneHot', [ints([1, -1, 2]), ...on], { axis: 1, depth: 2 })).toEqual(ints([-1, 5, -1, -1, -1, -1], [3, 2]));
    expect(answer('oneHot', [ints([1, 0]), ...on], { axis: 0, depth: 2 })).toEqual(ints([-1, 5, 5, -1], [2, 2]));
  });
});

describe('topK', () => {
  it('puts the first of equal ones first', () => {
    const [values, places] = answers('topK', [floats([1, 3, 2, 3, -1])], { axis: 0, k: 3, largest: true });
    expect(values).toEqual(floats([3, 3, 2]));
    expect(places).toEqual(ints([1, 3, 2]));
  });

  it('takes the least along an inner axis', () => {
    const [values, places] = answers('topK', [ints([4, 1, 3, 9], [2, 2])], { axis: 0, k: 1, largest: false });
    expect([values, places]).toEqual([ints([3, 1], [1, 2]), ints([1, 0], [1, 2])]);
  });

  it('counts NaN as the greatest', () => {
    expect(answers('topK', [floats([1, Number.NaN, 2])], { axis: 0, k: 2, largest: true })[1]).toEqual(ints([1, 2]));
  });
});

describe('nonzero', () => {
  it('names places in order', () => {
    expect(answer('nonzero', [tensor('bool', [1, 0, 0, 1], [2, 2])], { countName: 'n' })).toEqual(ints([0, 0, 1, 1], [2, 2]));
    expect(answer('nonzero', [floats([0, 0, 0])], { countName: 'n' })).toEqual(ints([], [0, 1]));
  });
});

describe('nonMaxSuppression', () => {
  // The second box overlaps the first by a half, the third lies apart.
  const boxes = floats([0, 0, 1, 1, 0, 0, 1, 0.5, 2, 2, 3, 3], [3, 4]);
  const given = { maxOutputSize: 3, iouThreshold: 0.4, scoreThreshold: 0.1, softSigma: 0, countName: 'n' };

  it('leaves out what overlaps a better box', () => {
    expect(answer('nonMaxSuppression', [boxes, floats([0.9, 0.8, 0.7])], given)).toEqual(ints([0, 2]));
    expect(answer('nonMaxSuppression', [boxes, floats([0.9, 0.8, 0.7])], { ...given, iouThreshold: 0.5 })).toEqual(ints([0, 1, 2]));
    expect(answer('nonMaxSuppression', [boxes, floats([0.9, 0.8, 0.05])], given)).toEqual(ints([0]));
    expect(answer('nonMaxSuppression', [boxes, floats([0.9, 0.8, 0.7])], { ...given, maxOutputSize: 1 })).toEqual(ints([0]));
  });

  it('takes corners in either order', () => {
    const turned = floats([1, 1, 0, 0, 0, 0, 1, 0.5, 2, 2, 3, 3], [3, 4]);
    expect(answer('nonMaxSuppression', [turned, floats([0.9, 0.8, 0.7])], given)).toEqual(ints([0, 2]));
  });

  it('lowers the score of an overlap, and tries again later', () => {
    const [chosen, scores] = answers('nonMaxSuppression', [boxes, floats([0.9, 0.8, 0.7])], {
      ...given,
      iouThreshold: 1,
      softSigma: 0.5,
    });
    expect(chosen).toEqual(ints([0, 2, 1]));
    expect([...(scores?.data ?? [])][2]).toBeCloseTo(0.8 * Math.exp(-0.25), 6);
  });
});

describe('cropAndResize', () => {
  const picture = floats([1, 2, 3, 4], [1, 2, 2, 1]);
  const crop = (box: readonly number[], cropSize: readonly number[], mode: 'linear' | 'nearest' = 'linear') => [
    ...answer('cropAndResize', [picture, floats(box, [1, 4]), ints([0])], { cropSize, mode, extrapolationValue: -1 }).data,
  ];

  it('samples the box between its corners', () => {
    expect(crop([0, 0, 1, 1], [3, 3])).toEqual([1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4]);
    expect(crop([0, 0, 1, 1], [1, 1])).toEqual([2.5]);
    expect(crop([1, 1, 0, 0], [2, 2])).toEqual([4, 3, 2, 1]);
    expect(crop([0, 0, 1, 1], [2, 2], 'nearest')).toEqual([1, 2, 3, 4]);
  });

  it('has a value for what lies outside', () => {
    expect(crop([0, 0, 2, 1], [3, 2])).toEqual([1, 2, 3, 4, -1, -1]);
  });
});
