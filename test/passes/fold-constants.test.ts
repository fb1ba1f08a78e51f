/** The pass that computes what depends on constants alone. */
import { describe, expect, it } from 'vitest';
import { constantOf, tensorOf } from '../../src/graph/constant.js';
import type { Constant, Graph } from '../../src/graph/graph.js';
import { openSize } from '../../src/graph/size.js';
import { foldConstants, MAX_GROWTH_BYTES } from '../../src/passes/fold-constants.js';
import { linesOf, rewrite, TestGraph } from '../fixtures/rewritten.js';
import { floats, ints, tensor } from '../fixtures/tensors.js';

/** The constants by name, with their numbers. */
const numbersOf = ({ constants }: Graph) => Object.fromEntries(constants.map((each) => [each.value.name, Array.from(tensorOf(each).data)]));

it('computes a chain of constants, and keeps the names', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [2] });
  const sum = graph.node('sum', 'add', [graph.numbers('float32', [1, 2]), graph.number('float32', 3)], {});
  const y = graph.node('y', 'mul', [x, graph.node('root', 'neg', [sum], {})], {});
  const { graph: result } = rewrite(graph.build([y, sum]), foldConstants);
  expect(linesOf(result)).toEqual([
    'input x: float32[2]',
    'constant sum: float32[2]',
    'constant root: float32[2]',
    'y: float32[2] = mul(x, root)',
    'output y, sum',
  ]);
  expect(numbersOf(result)).toEqual({ sum: [4, 5], root: [-4, -5] });
});

it('computes what takes nothing, unless a size of it is open', () => {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: 'float32', shape: [openSize('n')] });
  const range = { start: 0, step: 2, dataType: 'int32' } as const;
  const outputs = [
    graph.node('closed', 'range', [], { ...range, count: 3 }),
    graph.node('open', 'range', [], { ...range, count: openSize('n') }),
    graph.node('openStart', 'range', [], { ...range, start: openSize('n'), count: 2 }),
    graph.node('sizes', 'sizes', [], { values: [2, 3], dataType: 'int64' }),
    graph.node('mixed', 'sizes', [], { values: [2, openSize('n')], dataType: 'int64' }),
    graph.node('taken', 'neg', [x], {}),
  ];
  const { graph: result } = rewrite(graph.build(outputs), foldConstants);
  expect(numbersOf(result)).toEqual({ closed: [0, 2, 4], sizes: [2, 3] });
  expect(result.nodes.map(({ origin }) => origin.name)).toEqual(['open', 'openStart', 'mixed', 'taken']);
});

it('makes a constant of each output that is taken', () => {
  const graph = new TestGraph();
  const origin = { format: 'pannier', op: 'split', name: 'parts' } as const;
  const [, second, third] = graph.ops('split', [graph.numbers('int32', [1, 2, 3, 4])], { axis: 0, splits: [1, 2, 1] }, origin);
  expect(numbersOf(rewrite(graph.build([third!, second!]), foldConstants).graph)).toEqual({ 'parts:1': [2, 3], 'parts:2': [4] });
});

it('leaves a node whose size depends on values, and one that fails', () => {
  const graph = new TestGraph();
  const places = graph.node('places', 'nonzero', [graph.numbers('float32', [0, 1])], { countName: 'count' });
  const lost = graph.node('lost', 'gather', [graph.numbers('float32', [1]), graph.numbers('int32', [7])], { axis: 0, batchDimensions: 0 });
  const part = graph.node('part', 'slice', [places], { starts: [0, 0], sizes: [1, 1], strides: [1, 1] });
  expect(rewrite(graph.build([part]), foldConstants).rewrites).toEqual([]);
  expect(() => rewrite(graph.build([lost]), foldConstants)).toThrow('7');
});

describe('bytes', () => {
  /** Whether a constant is repeated when the model is packed. */
  const isRepeated = (length: number, isTakenTwice: boolean) => {
    const graph = new TestGraph();
    const x = graph.input('x', { dataType: 'float32', shape: [1] });
    const one = graph.constant(constantOf('one', floats([1])));
    const y = graph.node('y', 'expand', [one], { newShape: [length] });
    return rewrite(graph.build(isTakenTwice ? [y, graph.node('z', 'add', [x, one], {})] : [y]), foldConstants).graph.nodes.every(
      ({ op }) => op !== 'expand',
    );
  };

  it('are added up to a limit, without those of constants that go', () => {
    const most = MAX_GROWTH_BYTES / 4;
    expect(isRepeated(most + 1, false)).toBe(true);
    expect(isRepeated(most + 2, false)).toBe(false);
    expect(isRepeated(most, true)).toBe(true);
    expect(isRepeated(most + 1, true)).toBe(false);
  });

  it('stay as they are stored where elements are moved', () => {
    const value = { name: 'w', type: { dataType: 'float32', shape: [2, 3] } } as const;
    const stored: Constant[] = [
      { value, bytes: Uint8Array.of(1, 2, 3, 4, 5, 255), storage: { kind: 'uint8', scale: 0.5, min: -1 } },
      { value, bytes: new Uint8Array(Uint16Array.of(1, 2, 3, 4, 5, 65_535).buffer), storage: { kind: 'uint16', scale: 0.5, min: -1 } },
      { value, bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xbc00, 0, 0x8000, 0x7bff, 1).buffer), storage: { kind: 'float16' } },
      {
        value: { ...value, type: { dataType: 'float16', shape: [2, 3] } },
        bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xbc00, 0, 1, 0x7bff, 2).buffer),
        storage: { kind: 'plain' },
      },
    ];
    for (const constant of stored) {
      const graph = new TestGraph();
      const turned = graph.node('turned', 'transpose', [graph.constant(constant)], { permutation: [1, 0] });
      const y = graph.node('y', 'concat', [turned, turned], { axis: 0 });
      const [result] = rewrite(graph.build([y]), foldConstants).graph.constants;
      expect(result).toMatchObject({ value: { name: 'y', type: { shape: [6, 2] } }, storage: constant.storage });
      expect(result!.bytes.length).toBe(2 * constant.bytes.length);
    }
  });

  it('are computed as numbers where elements are computed with, or joined of different storages', () => {
    const graph = new TestGraph();
    const value = { name: 'w', type: { dataType: 'float32', shape: [2] } } as const;
    const one = graph.constant({ value, bytes: Uint8Array.of(0, 2), storage: { kind: 'uint8', scale: 0.5, min: -1 } });
    const other = graph.constant({ value, bytes: Uint8Array.of(1, 3), storage: { kind: 'uint8', scale: 1, min: 0 } });
    const y = graph.node('y', 'concat', [one, other], { axis: 0 });
    const z = graph.node('z', 'neg', [one], {});
    const { graph: result } = rewrite(graph.build([y, z]), foldConstants);
    expect(numbersOf(result)).toEqual({ y: [-1, 0, 1, 3], z: [1, -0] });
    expect(result.constants.map(({ storage }) => storage.kind)).toEqual(['plain', 'plain']);
  });

  it('of indices are numbers', () => {
    const graph = new TestGraph();
    const value = { name: 'w', type: { dataType: 'int32', shape: [2] } } as const;
    const table = graph.constant({
      value: { ...value, type: { dataType: 'float32', shape: [2] } },
      bytes: Uint8Array.of(0, 2),
      storage: { kind: 'uint8', scale: 0.5, min: -1 },
    });
    const indices = graph.constant({ value, bytes: Uint8Array.of(1, 0), storage: { kind: 'uint8', scale: 1, min: 0 } });
    const y = graph.node('y', 'gather', [table, indices], { axis: 0, batchDimensions: 0 });
    expect(numbersOf(rewrite(graph.build([y]), foldConstants).graph)).toEqual({ y: [0, -1] });
  });

  it('of channels with scales of their own are computed as numbers', () => {
    const graph = new TestGraph();
    const bytes = new Uint8Array([...new Uint8Array(Float32Array.of(1, 2).buffer), 1, 3]);
    const value = { name: 'w', type: { dataType: 'float32', shape: [2] } } as const;
    const y = graph.node('y', 'reverse', [graph.constant({ value, bytes, storage: { kind: 'int8', axis: 0 } })], { axes: [0] });
    const { graph: result } = rewrite(graph.build([y]), foldConstants);
    expect(numbersOf(result)).toEqual({ y: [6, 1] });
    expect(result.constants.map(({ storage }) => storage.kind)).toEqual(['plain']);
  });

  it('of whole numbers and bools stay', () => {
    const graph = new TestGraph();
    const constants = [ints([1, -2]), tensor('int64', [2 ** 40, -1]), tensor('bool', [0, 1]), tensor('int16', [300, -300])];
    const outputs = constants.map((each, index) =>
      graph.node(`y${index}`, 'reverse', [graph.constant(constantOf('c', each))], { axes: [0] }),
    );
    expect(numbersOf(rewrite(graph.build(outputs), foldConstants).graph)).toEqual({
      ...{ y0: [-2, 1], y1: [-1, 2 ** 40], y2: [1, 0], y3: [-300, 300] },
    });
  });
});
