/** The pass that takes a value itself instead of an identity of it. */
import { describe, expect, it } from 'vitest';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { openSize } from '../../src/graph/size.js';
import type { TensorType } from '../../src/graph/tensor.js';
import { dropIdentities } from '../../src/passes/drop-identities.js';
import { rewrite, rewrittenLines, TestGraph } from '../fixtures/rewritten.js';

const float32 = (...shape: TensorType['shape']): TensorType => ({ dataType: 'float32', shape });

it('takes the value itself, and keeps the name of an output', () => {
  const graph = new TestGraph();
  const x = graph.input('x', float32(2));
  const first = graph.node('first', 'identity', [x], {});
  const second = graph.node('second', 'identity', [first], {});
  const root = graph.node('root', 'exp', [second], {});
  const y = graph.node('y', 'identity', [root], {});
  expect(rewrittenLines(graph.build([y]), dropIdentities)).toEqual(['input x: float32[2]', 'y: float32[2] = exp(x)', 'output y']);
});

it('lets an input be an output', () => {
  const graph = new TestGraph();
  const x = graph.input('x', float32(2));
  expect(rewrittenLines(graph.build([graph.node('y', 'identity', [x], {})]), dropIdentities)).toEqual(['input x: float32[2]', 'output x']);
});

it('keeps the first name of a value that is an output twice', () => {
  const graph = new TestGraph();
  const a = graph.node('a', 'exp', [graph.input('x', float32(2))], {});
  const b = graph.node('b', 'identity', [a], {});
  expect(rewrittenLines(graph.build([a, b]), dropIdentities)).toEqual(['input x: float32[2]', 'a: float32[2] = exp(x)', 'output a, a']);
});

/** Whether a node is dropped that takes an input of a type. */
function isDropped<Name extends OpName>(op: Name, type: TensorType, attributes: OpAttributes[Name]): boolean {
  const graph = new TestGraph();
  return rewrite(graph.build([graph.node('y', op, [graph.input('x', type)], attributes)]), dropIdentities).rewrites.length === 1;
}

const batch = openSize('batch');
const window = { dilations: [1, 1], autoPad: 'explicit', outputRounding: 'floor', countPadding: true } as const;

describe('by its attributes, an op is an identity or is none:', () => {
  it.each([
    ['cast', isDropped('cast', float32(2), { to: 'float32' }), isDropped('cast', float32(2), { to: 'int32' })],
    ['reshape', isDropped('reshape', float32(batch, 2), { newShape: [batch, 2] }), isDropped('reshape', float32(2, 3), { newShape: [6] })],
    ['expand', isDropped('expand', float32(2), { newShape: [2] }), isDropped('expand', float32(1), { newShape: [2] })],
    [
      'pad',
      isDropped('pad', float32(2), { beginning: [0], ending: [0], mode: 'constant', value: 3 }),
      isDropped('pad', float32(2), { beginning: [1], ending: [0], mode: 'constant', value: 3 }),
    ],
    ['tile', isDropped('tile', float32(batch), { repetitions: [1] }), isDropped('tile', float32(2), { repetitions: [2] })],
    ['concat', isDropped('concat', float32(2), { axis: 0 }), false],
    ['split', isDropped('split', float32(2), { axis: 0, splits: [2] }), false],
    [
      'slice',
      isDropped('slice', float32(batch, 3), { starts: [0, 0], sizes: [batch, 3], strides: [1, 1] }),
      isDropped('slice', float32(3), { starts: [2], sizes: [3], strides: [-1] }),
    ],
    [
      'transpose',
      isDropped('transpose', float32(1, 1, 2), { permutation: [1, 0, 2] }),
      isDropped('transpose', float32(2, 2), { permutation: [1, 0] }),
    ],
    ['reverse', isDropped('reverse', float32(1, 2), { axes: [0] }), isDropped('reverse', float32(1, 2), { axes: [1] })],
    [
      'resample2d',
      isDropped('resample2d', float32(1, 3, 2, 1), { sizes: [3, 2], mode: 'linear', coordinates: 'halfPixel', rounding: undefined }),
      isDropped('resample2d', float32(1, 3, 2, 1), { sizes: [3, 4], mode: 'linear', coordinates: 'halfPixel', rounding: undefined }),
    ],
    ['depthToSpace', isDropped('depthToSpace', float32(1, 2, 2, 4), { blockSize: 1, order: 'blocksFirst' }), false],
    ['linear', isDropped('linear', float32(2), { alpha: 1, beta: 0 }), isDropped('linear', float32(2), { alpha: 1, beta: 1 })],
    ['leakyRelu', isDropped('leakyRelu', float32(2), { alpha: 1 }), isDropped('leakyRelu', float32(2), { alpha: 0.5 })],
    [
      'clamp',
      isDropped('clamp', float32(2), { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY }),
      isDropped('clamp', float32(2), { min: 0, max: Number.POSITIVE_INFINITY }),
    ],
    [
      'maxPool2d',
      isDropped('maxPool2d', float32(1, 3, 3, 1), { ...window, windowDimensions: [1, 1], strides: [1, 1], padding: [0, 0, 0, 0] }),
      isDropped('maxPool2d', float32(1, 3, 3, 1), { ...window, windowDimensions: [1, 1], strides: [2, 2], padding: [1, 1, 1, 1] }),
    ],
    [
      'reduceMax',
      isDropped('reduceMax', float32(1, 3), { axes: [0], keepDimensions: true }),
      isDropped('reduceMax', float32(1, 3), { axes: [1], keepDimensions: true }),
    ],
  ])('%s', (_, one, other) => expect([one, other]).toEqual([true, false]));
});

it('keeps an op that joins several values, one of which is empty', () => {
  const graph = new TestGraph();
  const [x, empty] = [graph.input('x', float32(2)), graph.numbers('float32', [])];
  expect(rewrite(graph.build([graph.node('y', 'concat', [x, empty], { axis: 0 })]), dropIdentities).rewrites).toEqual([]);
});
