/** The reference's ops that take, put and choose elements, against values by hand. */
import { describe, expect, it } from 'vitest';
import { answer, answers, floats, tensor, wholes } from '../fixtures/one-op.js';

describe('gather', () => {
  const table = floats([3, 2], 1, 2, 3, 4, 5, 6);

  it('takes slices along an axis', () => {
    expect(answer('gather', [table, wholes([2, 2], 2, 0, 0, 1)], { axis: 0, batchDimensions: 0 })).toEqual(
      floats([2, 2, 2], 5, 6, 1, 2, 1, 2, 3, 4),
    );
    expect(answer('gather', [table, wholes([1], 1)], { axis: 1, batchDimensions: 0 })).toEqual(floats([3, 1], 2, 4, 6));
  });

  it('takes each batch from its own part', () => {
    const indices = wholes([3, 2], 1, 1, 0, 1, 0, 0);
    expect(answer('gather', [table, indices], { axis: 1, batchDimensions: 1 })).toEqual(floats([3, 2], 2, 2, 3, 4, 5, 5));
  });

  it('refuses an index that the axis does not have', () => {
    for (const index of [3, -1])
      expect(() => answer('gather', [table, wholes([1], index)], { axis: 0, batchDimensions: 0 })).toThrow(
        `takes index ${index} of an axis of 3`,
      );
  });

  it('takes single elements, and slices by rows of indices', () => {
    expect(answer('gatherElements', [table, wholes([1, 2], 2, 0)], { axis: 0 })).toEqual(floats([1, 2], 5, 2));
    expect(answer('gatherND', [table, wholes([2, 2], 0, 1, 2, 0)], { batchDimensions: 0 })).toEqual(floats([2], 2, 5));
    expect(answer('gatherND', [table, wholes([2, 1], 2, 0)], { batchDimensions: 0 })).toEqual(floats([2, 2], 5, 6, 1, 2));
    expect(answer('gatherND', [table, wholes([3, 1], 1, 0, 1)], { batchDimensions: 1 })).toEqual(floats([3], 2, 3, 6));
  });
});

describe('scatter', () => {
  const zeros = floats([4], 0, 0, 0, 0);

  it('puts slices where rows of indices say', () => {
    const indices = wholes([3, 1], 3, 1, 3);
    const updates = floats([3], 1, 2, 4);
    expect(answer('scatterND', [zeros, indices, updates], { reduction: 'none' })).toEqual(floats([4], 0, 2, 0, 4));
    expect(answer('scatterND', [zeros, indices, updates], { reduction: 'add' })).toEqual(floats([4], 0, 2, 0, 5));
  });

  it('keeps the lowest bits of whole numbers', () => {
    const put = (reduction: 'add' | 'mul') =>
      answer('scatterND', [wholes([1], 2 ** 31 - 1), wholes([1, 1], 0), wholes([1], 3)], { reduction }).data[0];
    expect(put('add')).toBe(-(2 ** 31) + 2);
    expect(put('mul')).toBe(Math.imul(2 ** 31 - 1, 3));
  });

  it('puts single elements', () => {
    const y = answer('scatterElements', [floats([2, 2], 1, 2, 3, 4), wholes([1, 2], 1, 0), floats([1, 2], 9, 8)], {
      axis: 0,
      reduction: 'none',
    });
    expect(y).toEqual(floats([2, 2], 1, 8, 9, 4));
  });
});

describe('oneHot', () => {
  it('has a new axis, and nothing for an index beyond it', () => {
    const on = [wholes([], 5), wholes([], -1)];
    expect(answer('oneHot', [wholes([3], 1, -1, 2), ...on], { axis: 1, depth: 2 })).toEqual(wholes([3, 2], -1, 5, -1, -1, -1, -1));
    expect(answer('oneHot', [wholes([2], 1, 0), ...on], { axis: 0, depth: 2 })).toEqual(wholes([2, 2], -1, 5, 5, -1));
  });
});

describe('topK', () => {
  it('puts the first of equal ones first', () => {
    const [values, places] = answers('topK', [floats([5], 1, 3, 2, 3, -1)], { axis: 0, k: 3, largest: true });
    expect(values).toEqual(floats([3], 3, 3, 2));
    expect(places).toEqual(wholes([3], 1, 3, 2));
  });

  it('takes the least along an inner axis', () => {
    const [values, places] = answers('topK', [wholes([2, 2], 4, 1, 3, 9)], { axis: 0, k: 1, largest: false });
    expect([values, places]).toEqual([wholes([1, 2], 3, 1), wholes([1, 2], 1, 0)]);
  });

  it('counts NaN as the greatest', () => {
    expect(answers('topK', [floats([3], 1, Number.NaN, 2)], { axis: 0, k: 2, largest: true })[1]).toEqual(wholes([2], 1, 2));
  });
});

describe('nonzero', () => {
  it('names places in order', () => {
    expect(answer('nonzero', [tensor('bool', [2, 2], [1, 0, 0, 1])], { countName: 'n' })).toEqual(wholes([2, 2], 0, 0, 1, 1));
    expect(answer('nonzero', [floats([3], 0, 0, 0)], { countName: 'n' })).toEqual(wholes([0, 1]));
  });
});

describe('nonMaxSuppression', () => {
  // The second box overlaps the first by a half, the third lies apart.
  const boxes = floats([3, 4], 0, 0, 1, 1, 0, 0, 1, 0.5, 2, 2, 3, 3);
  const given = { maxOutputSize: 3, iouThreshold: 0.4, scoreThreshold: 0.1, softSigma: 0, countName: 'n' };

  it('leaves out what overlaps a better box', () => {
    expect(answer('nonMaxSuppression', [boxes, floats([3], 0.9, 0.8, 0.7)], given)).toEqual(wholes([2], 0, 2));
    expect(answer('nonMaxSuppression', [boxes, floats([3], 0.9, 0.8, 0.7)], { ...given, iouThreshold: 0.5 })).toEqual(wholes([3], 0, 1, 2));
    expect(answer('nonMaxSuppression', [boxes, floats([3], 0.9, 0.8, 0.05)], given)).toEqual(wholes([1], 0));
    expect(answer('nonMaxSuppression', [boxes, floats([3], 0.9, 0.8, 0.7)], { ...given, maxOutputSize: 1 })).toEqual(wholes([1], 0));
  });

  it('takes corners in either order', () => {
    const turned = floats([3, 4], 1, 1, 0, 0, 0, 0, 1, 0.5, 2, 2, 3, 3);
    expect(answer('nonMaxSuppression', [turned, floats([3], 0.9, 0.8, 0.7)], given)).toEqual(wholes([2], 0, 2));
  });

  it('lowers the score of an overlap, and tries again later', () => {
    const [chosen, scores] = answers('nonMaxSuppression', [boxes, floats([3], 0.9, 0.8, 0.7)], {
      ...given,
      iouThreshold: 1,
      softSigma: 0.5,
    });
    expect(chosen).toEqual(wholes([3], 0, 2, 1));
    expect([...(scores?.data ?? [])][2]).toBeCloseTo(0.8 * Math.exp(-0.25), 6);
  });
});

describe('cropAndResize', () => {
  const picture = floats([1, 2, 2, 1], 1, 2, 3, 4);
  const crop = (box: readonly number[], cropSize: readonly number[], mode: 'linear' | 'nearest' = 'linear') => [
    ...answer('cropAndResize', [picture, floats([1, 4], ...box), wholes([1], 0)], { cropSize, mode, extrapolationValue: -1 }).data,
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
