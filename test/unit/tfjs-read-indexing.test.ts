/** How TensorFlow's ops on indices are read: the values are those that TensorFlow documents, or worked out by hand. */
import { describe, expect, it, test } from 'vitest';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { typeText } from '../../src/graph/tensor.js';
import { answersOf, type GraphParts, readParts } from '../fixtures/graph-def.js';
import { ran } from '../fixtures/one-tf-op.js';
import { bools, floats, ints } from '../fixtures/tensors.js';

const rows = floats([0.5, 1.5, 2.5, 3.5, 4.5, 5.5], [3, 2]);

describe('Gather', () => {
  it('takes rows', () => {
    expect(ran('Gather', [rows, ints([2, 0])], [])).toEqual(floats([4.5, 5.5, 0.5, 1.5], [2, 2]));
  });

  it('takes along any axis, also counted from the end, and one index takes the axis away', () => {
    expect(ran('GatherV2', [rows, ints([1])], [ints([-1], [])])).toEqual(floats([1.5, 3.5, 5.5], [3, 1]));
    expect(ran('GatherV2', [rows, ints([1], [])], [ints([0], [])])).toEqual(floats([2.5, 3.5]));
    expect(ran('GatherV2', [rows, ints([0, 1, 1, 0], [2, 2])], [ints([1], [])])).toEqual(
      floats([0.5, 1.5, 1.5, 0.5, 2.5, 3.5, 3.5, 2.5, 4.5, 5.5, 5.5, 4.5], [3, 2, 2]),
    );
  });

  it('takes for each of a batch by itself', () => {
    const indices = ints([1, 0, 0], [3, 1]);
    const inStep = (batch: number) => ran('GatherV2', [rows, indices], [ints([1], [])], { batch_dims: attr.whole(batch) });
    expect(inStep(1)).toEqual(floats([1.5, 2.5, 4.5], [3, 1]));
    expect(inStep(-1)).toEqual(inStep(1));
  });
});

test('GatherNd takes the slices that rows of indices name', () => {
  expect(ran('GatherNd', [rows, ints([2, 1, 0, 0], [2, 2])], [])).toEqual(floats([5.5, 0.5]));
  expect(ran('GatherNd', [rows, ints([2, 0], [2, 1])], [])).toEqual(floats([4.5, 5.5, 0.5, 1.5], [2, 2]));
  expect(ran('GatherNd', [rows, ints([1])], [])).toEqual(floats([2.5, 3.5]));
});

test('rows of indices of an open length stay as they are', () => {
  const reason = 'takes rows of indices of the open size size';
  const inputs = { x: ['float32', [3, 2]], rows: ['int32', [4, null]], values: ['float32', [4]] } as const;
  for (const node of [
    ['GatherNd', ['x', 'rows']],
    ['TensorScatterUpdate', ['x', 'rows', 'values']],
    ['ScatterNd', ['rows', 'values', 'sizes']],
  ] as const)
    expect(readParts({ inputs, weights: { sizes: ints([3, 2]) }, nodes: { y: node } }).inexpressible).toMatchObject([
      { node: 'y', reason },
    ]);
});

describe('scatters', () => {
  it('add what meets in one place of a new tensor', () => {
    expect(ran('ScatterNd', [ints([1, 3, 1], [3, 1]), floats([0.5, 2, 0.25])], [ints([5])])).toEqual(floats([0, 0.75, 0, 2, 0]));
    expect(ran('ScatterNd', [ints([1], [1, 1]), ints([7, 8], [1, 2])], [ints([2, 2])])).toEqual(ints([0, 0, 7, 8], [2, 2]));
    expect(ran('ScatterNd', [ints([1, 3]), floats([0.5, 2])], [ints([4])])).toEqual(floats([0, 0.5, 0, 2]));
  });

  it('put slices into a copy', () => {
    expect(ran('TensorScatterUpdate', [rows, ints([0, 2], [2, 1]), floats([9, 8, 7, 6], [2, 2])], [])).toEqual(
      floats([9, 8, 2.5, 3.5, 7, 6], [3, 2]),
    );
    expect(ran('TensorScatterUpdate', [floats([0.5, 1.5, 2.5]), ints([2, 0]), floats([9, 8])], [])).toEqual(floats([8, 1.5, 9]));
  });

  it('fill the rest of a tensor with one value', () => {
    const dense = (indices: Tensor, sizes: Tensor, values: Tensor, fill: Tensor) =>
      answersOf(
        {
          inputs: { indices: ['int32', indices.shape], values: ['float32', values.shape] },
          weights: { sizes, fill },
          nodes: { y: ['SparseToDense', ['indices', 'sizes', 'values', 'fill']] },
        },
        { indices, values },
      )[0];
    expect(dense(ints([0, 1, 1, 0], [2, 2]), ints([2, 2]), floats([0.5, 2.5]), floats([-1], []))).toEqual(
      floats([-1, 0.5, 2.5, -1], [2, 2]),
    );
    expect(dense(ints([1, 3]), ints([4]), floats([0.5], []), floats([0], []))).toEqual(floats([0, 0.5, 0, 0.5]));
    expect(dense(ints([1], []), ints([2]), floats([0.5], []), floats([-1], []))).toEqual(floats([-1, 0.5]));
  });
});

test('OneHot has its new axis anywhere, and only what is off for an index that is none', () => {
  const hot = (indices: Tensor, axis: number, on = floats([5], []), off = floats([0.5], [])) =>
    ran('OneHot', [indices], [ints([3], []), on, off], { axis: attr.whole(axis) });
  expect(hot(ints([0, 2, -1]), -1)).toEqual(floats([5, 0.5, 0.5, 0.5, 0.5, 5, 0.5, 0.5, 0.5], [3, 3]));
  expect(hot(ints([0, 2]), 0)).toEqual(floats([5, 0.5, 0.5, 0.5, 0.5, 5], [3, 2]));
  expect(hot(ints([1], []), -1, bools([1], []), bools([0], []))).toEqual(bools([0, 1, 0]));
});

test('TopKV2 gives the greatest along the last axis, of equal ones the first', () => {
  const answers = answersOf(
    {
      inputs: { x: ['float32', [2, 4]] },
      weights: { k: ints([2], []) },
      nodes: { y: ['TopKV2', ['x', 'k'], { sorted: attr.flag(true) }] },
      outputs: ['y', 'y:1'],
    },
    { x: floats([1, 3, 3, 2, -1, -4, -2, -1], [2, 4]) },
  );
  expect(answers).toEqual([floats([3, 3, -1, -1], [2, 2]), ints([1, 2, 0, 3], [2, 2])]);
});

test('Where gives the places of what is true, and their number is a size of its own', () => {
  const parts: GraphParts = {
    inputs: { x: ['bool', [2, 3]] },
    nodes: { where: ['Where', ['x']], shape: ['Shape', ['where']], y: ['Identity', ['shape']] },
    outputs: ['where', 'y'],
  };
  expect(readParts(parts).graph.outputs.map(({ type }) => typeText(type))).toEqual(['int32[found, 2]', 'int32[2]']);
  expect(answersOf(parts, { x: bools([0, 1, 0, 1, 0, 1], [2, 3]) })).toEqual([ints([0, 1, 1, 0, 1, 2], [3, 2]), ints([3, 2])]);
});

describe('NonMaxSuppression', () => {
  // The second box overlaps the first by 1/2, and the third overlaps none.
  const boxes = floats([0, 0, 4, 2, 0, 0, 2, 2, 5, 5, 6, 6], [3, 4]);
  const scores = floats([0.9, 0.8, 0.3]);
  const suppressed = (op: string, iou: number, more: readonly number[], outputs: readonly string[], attributes: object = {}, max = 5) =>
    answersOf(
      {
        inputs: { boxes: ['float32', [3, 4]], scores: ['float32', [3]] },
        weights: Object.fromEntries([
          ['max', ints([max], [])],
          ...[iou, ...more].map((value, index) => [`p${index}`, floats([value], [])]),
        ]),
        nodes: { y: [op, ['boxes', 'scores', 'max', ...[iou, ...more].map((_, index) => `p${index}`)], attributes] },
        outputs,
      },
      { boxes, scores },
    );

  it('leaves out boxes that overlap by more than the threshold, not by the threshold itself', () => {
    expect(suppressed('NonMaxSuppressionV2', 0.5, [], ['y'])).toEqual([ints([0, 1, 2])]);
    expect(suppressed('NonMaxSuppressionV2', 0.49, [], ['y'])).toEqual([ints([0, 2])]);
    expect(suppressed('NonMaxSuppressionV2', 0.5, [], ['y'], {}, 2)).toEqual([ints([0, 1])]);
  });

  it('leaves out low scores', () => {
    expect(suppressed('NonMaxSuppressionV3', 0.5, [0.3], ['y'])).toEqual([ints([0, 1])]);
  });

  it('tells how many are chosen, and fills up with zeros', () => {
    const padded = { pad_to_max_output_size: attr.flag(true) };
    expect(suppressed('NonMaxSuppressionV4', 0.49, [0], ['y', 'y:1'], padded)).toEqual([ints([0, 2, 0, 0, 0]), ints([2], [])]);
    expect(suppressed('NonMaxSuppressionV4', 0.49, [0], ['y', 'y:1'])).toEqual([ints([0, 2]), ints([2], [])]);
  });

  it('lowers the scores of boxes that overlap', () => {
    const [indices, lowered, count] = suppressed('NonMaxSuppressionV5', 0.1, [0, 0.5], ['y', 'y:1', 'y:2']);
    expect(indices).toEqual(ints([0, 1, 2]));
    // exp(-0.5² / (2 · 0.5)) = 0.7788.
    expect(lowered?.data[1]).toBeCloseTo(0.8 * Math.exp(-0.25), 6);
    expect(count).toEqual(ints([3], []));
  });

  it('is opaque if a threshold is computed', () => {
    const { inexpressible } = readParts({
      inputs: { boxes: ['float32', [3, 4]], scores: ['float32', [3]], iou: ['float32', []] },
      weights: { max: ints([2], []) },
      nodes: { y: ['NonMaxSuppressionV2', ['boxes', 'scores', 'max', 'iou']] },
    });
    expect(inexpressible).toMatchObject([{ reason: 'takes a threshold that is computed while the model runs' }]);
  });
});

test('CropAndResize takes from the middle of the first element to the middle of the last', () => {
  const cropped = (boxes: number[], sizes: number[], attributes: object = {}) =>
    ran('CropAndResize', [floats([1, 2, 3, 4], [1, 2, 2, 1]), floats(boxes, [1, 4]), ints([0])], [ints(sizes)], attributes);
  expect(cropped([0, 0, 1, 1], [3, 3])).toEqual(floats([1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4], [1, 3, 3, 1]));
  expect(cropped([0, 0, 1, 1], [1, 1])).toEqual(floats([2.5], [1, 1, 1, 1]));
  expect(cropped([1, 1, 0, 0], [2, 2])).toEqual(floats([4, 3, 2, 1], [1, 2, 2, 1]));
  expect(cropped([0, 0, 0, 2], [1, 2], { extrapolation_value: attr.number(9) })).toEqual(floats([1, 9], [1, 1, 2, 1]));
  expect(cropped([0, 0, 0.25, 0.75], [2, 2], { method: attr.text('nearest') })).toEqual(floats([1, 2, 1, 2], [1, 2, 2, 1]));
});
