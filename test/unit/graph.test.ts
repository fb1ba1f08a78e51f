/** The graph's parts: the builder, constants and their storages, the text. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { bytesPerElement, canBeStored, constantOf, tensorOf } from '../../src/graph/constant.js';
import { DATA_TYPES, type DataType } from '../../src/graph/element-type.js';
import type { Constant, Origin, Storage } from '../../src/graph/graph.js';
import { ceilDivide, openSize } from '../../src/graph/size.js';
import { graphText } from '../../src/graph/text.js';
import { verify } from '../../src/graph/verify.js';
import { refusalOf } from '../fixtures/refusal.js';
import { floats, tensor } from '../fixtures/tensors.js';

const origin = (op: string, name = op): Origin => ({ format: 'tfjs', op, name });

describe('GraphBuilder', () => {
  it('gives each value a name of its own', () => {
    const builder = new GraphBuilder();
    const names = [
      builder.input('x', { dataType: 'float32', shape: [2] }),
      builder.constant(constantOf('x', floats([1, 2]))),
      builder.input('x_1', { dataType: 'float32', shape: [2] }),
    ].map(({ name }) => name);
    expect(names).toEqual(['x', 'x_1', 'x_1_1']);
    expect(builder.uniqueName('y')).toBe('y');
    expect(builder.uniqueName('y')).toBe('y_1');
  });

  it('keeps equal numbers once', () => {
    const builder = new GraphBuilder();
    const one = builder.number('int32', 1);
    expect(builder.number('int32', 1)).toBe(one);
    const others = [
      builder.number('float32', 1),
      builder.numbers('int32', [1]),
      builder.numbers('int32', [1, 1], [2, 1]),
      builder.numbers('int32', [1, 1]),
      builder.number('float32', 0),
      builder.number('float32', -0),
    ];
    expect(new Set([one, ...others]).size).toBe(7);
    const graph = builder.build(others);
    expect(graph.constants).toHaveLength(7);
    expect(tensorOf(graph.constants.at(-1) as Constant)).toEqual(floats([-0], []));
  });

  it('infers types, and names outputs after the node unless it is told', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch'), 4] });
    expect(builder.op('relu', [x], {}, origin('Relu', 'act'))).toMatchObject({ name: 'act', type: x.type });
    expect(builder.op('relu', [x], {}, origin('Relu', 'act'))).toMatchObject({ name: 'act_1' });
    expect(builder.op('relu', [x], {}, origin('Relu', 'act'), 'other')).toMatchObject({ name: 'other' });
    const parts = builder.ops('split', [x], { axis: 1, splits: [1, 3] }, origin('SplitV', 'cut'), ['first']);
    expect(parts.map(({ name }) => name)).toEqual(['first', 'cut:1']);
    expect(parts.map(({ type }) => type.shape.at(1))).toEqual([1, 3]);
    verify(builder.build(parts));
  });

  it('refuses a node when it is added', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dataType: 'int32', shape: [2] });
    const refused = refusalOf(() => builder.op('exp', [x], {}, origin('Exp', 'a/exp')));
    expect(refused).toEqual({
      code: 'model-format',
      message: 'Node "a/exp" (Exp) takes floats as input, but got int32[2].',
      detail: { node: 'a/exp', op: 'Exp', format: 'tfjs' },
    });
    expect(refusalOf(() => builder.op('exp', [x], {}, origin('Power', 'p'))).message).toBe(
      'Node "p" (Power) becomes exp, which takes floats as input, but got int32[2].',
    );
  });
});

describe('constants', () => {
  it('keep the values of every type', () => {
    for (const dataType of Object.keys(DATA_TYPES) as DataType[]) {
      const given = tensor(dataType, [1, 0, 1, 1, 0, 0], [3, 2]);
      const constant = constantOf('w', given);
      expect(tensorOf(constant)).toEqual(given);
      expect(constant.bytes.length).toBe(6 * bytesPerElement(dataType, { kind: 'plain' }));
    }
  });

  const constant = (dataType: DataType, storage: Storage, bytes: readonly number[]): Constant => ({
    value: { name: 'w', type: { dataType, shape: [2] } },
    // The bytes may begin anywhere in a shard.
    bytes: Uint8Array.from([255, ...bytes]).subarray(1),
    storage,
  });

  it.each([
    ['float32', { kind: 'float16' }, [0x00, 0x3c, 0x00, 0xc0], [1, -2]],
    ['float16', { kind: 'plain' }, [0x00, 0x3c, 0x01, 0x00], [1, 2 ** -24]],
    ['float32', { kind: 'uint8', scale: 0.5, min: -1 }, [0, 255], [-1, 126.5]],
    ['float32', { kind: 'uint16', scale: 0.5, min: 0 }, [1, 0, 0, 1], [0.5, 128]],
    ['int32', { kind: 'uint8', scale: 0.4, min: -1 }, [1, 3], [-1, 0]],
    ['int64', { kind: 'plain' }, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0], [1, -2]],
    ['int16', { kind: 'plain' }, [0xff, 0xff, 1, 0], [-1, 1]],
  ] as const)('%s stored as %j', (dataType, storage, bytes, wanted) => {
    const stored = constant(dataType, storage, bytes);
    expect(tensorOf(stored)).toEqual(tensor(dataType, wanted));
    // A file that Node has read is a Buffer, whose slices are no copies.
    const { buffer, byteOffset, length } = stored.bytes;
    expect(tensorOf({ ...stored, bytes: Buffer.from(buffer, byteOffset, length) })).toEqual(tensor(dataType, wanted));
  });

  it('know how each type can be stored', () => {
    const kinds = ['plain', 'float16', 'uint8', 'uint16', 'int8'] as const;
    const table = Object.fromEntries(
      (Object.keys(DATA_TYPES) as DataType[]).map((dataType) => [
        dataType,
        kinds.filter((kind) => canBeStored(dataType, { kind, scale: 1, min: 0, axis: 1 } as Storage, [2, 3])),
      ]),
    );
    const plain = ['plain'];
    expect(table).toEqual({
      float32: ['plain', 'float16', 'uint8', 'uint16', 'int8'],
      float16: plain,
      int32: ['plain', 'uint8', 'uint16'],
      ...{ int64: plain, int16: plain, uint8: plain, int8: plain, bool: plain },
    });
    expect(canBeStored('float32', { kind: 'int8', axis: 2 }, [2, 3])).toBe(false);
  });
});

it('graphText shows every part in one line', () => {
  const builder = new GraphBuilder();
  const width = openSize('width');
  const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch'), width, 3] });
  const rest = builder.input('loose', null);
  const weight = builder.constant({
    value: { name: 'w', type: { dataType: 'float32', shape: [3] } },
    bytes: new Uint8Array(3),
    storage: { kind: 'uint8', scale: 0.5, min: -1 },
  });
  const half = builder.constant({
    value: { name: 'h', type: { dataType: 'float32', shape: [] } },
    bytes: new Uint8Array(2),
    storage: { kind: 'float16' },
  });
  const product = builder.op('mul', [x, weight], {}, origin('Mul', 'scaled'));
  const bounded = builder.op('clamp', [product], { min: Number.NEGATIVE_INFINITY, max: 6 }, origin('Minimum', 'bounded'));
  const parts = builder.ops('topK', [bounded], { axis: 1, k: ceilDivide(width, 2), largest: true }, origin('TopKV2', 'top'), [
    'values',
    'indices',
  ]);
  const normal = builder.op(
    'batchNormalization',
    [x, weight, weight, null, weight],
    { axis: 2, epsilon: 0.001 },
    origin('FusedBatchNorm', 'norm'),
  );
  const [loop] = builder.opaque(
    [rest],
    { nodes: [], library: null, inputNames: ['loose'], outputNames: ['out'] },
    origin('While', 'loop'),
    ['out'],
  );
  expect(graphText(builder.build([...parts, normal, loop!, half]))).toBe(
    [
      'input x: float32[batch, width, 3]',
      'input loose: ?',
      'constant w: float32[3] stored as uint8 * 0.5 + -1',
      'constant h: float32[] stored as float16',
      'scaled: float32[batch, width, 3] = mul(x, w)  # tfjs Mul "scaled"',
      'bounded: float32[batch, width, 3] = clamp(scaled, min="-Infinity", max=6)  # tfjs Minimum "bounded"',
      'values: float32[batch, ceil(width/2), 3], indices: int32[batch, ceil(width/2), 3] = topK(bounded, axis=1, k="ceil(width/2)", largest=true)  # tfjs TopKV2 "top"',
      'norm: float32[batch, width, 3] = batchNormalization(x, w, w, none, w, axis=2, epsilon=0.001)  # tfjs FusedBatchNorm "norm"',
      'out: ? = tfjsGraph(loose, nodes=[], library=null, inputNames=["loose"], outputNames=["out"])  # tfjs While "loop"',
      'output values, indices, norm, out, h',
      '',
    ].join('\n'),
  );
});
