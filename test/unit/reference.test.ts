/** The reference engine's interpreter: what it is fed with, open sizes, order, memory, and whom its errors name. */
import { describe, expect, it } from 'vitest';
import { checkElements } from '../../src/engines/reference/check-elements.js';
import { isComputable, openReference } from '../../src/engines/reference/interpreter.js';
import { planOf } from '../../src/engines/reference/plan.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf } from '../../src/graph/constant.js';
import { DATA_TYPES, type DataType } from '../../src/graph/element-type.js';
import type { Graph, Origin } from '../../src/graph/graph.js';
import { add, multiply, openSize, type Size } from '../../src/graph/size.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verify } from '../../src/graph/verify.js';
import { refusalOf } from '../fixtures/refusal.js';

const origin = (op: string, name = op): Origin => ({ format: 'tfjs', op, name });

function tensor(dataType: DataType, shape: readonly number[], values: readonly number[]): Tensor {
  return { dataType, shape, data: new DATA_TYPES[dataType](values) };
}

const floats = (shape: readonly number[], ...values: readonly number[]) => tensor('float32', shape, values);
const batch = openSize('batch');

/** A graph of one input and what is built on it. */
function graphOf(
  shape: readonly Size[],
  build: (builder: GraphBuilder, x: ReturnType<GraphBuilder['constant']>) => Graph['outputs'],
  dataType: DataType = 'float32',
) {
  const builder = new GraphBuilder();
  const graph = builder.build(build(builder, builder.input('x', { dataType, shape })));
  verify(graph);
  return graph;
}

const run = (graph: Graph, x: Tensor) => openReference(graph).run(new Map([['x', x]]));

describe('run', () => {
  it('computes nodes in order, with constants', () => {
    const graph = graphOf([batch, 2], (builder, x) => {
      const sum = builder.op('add', [x, builder.numbers('float32', [10, 20])], {}, origin('AddV2', 'sum'));
      return [builder.op('relu', [sum], {}, origin('Relu', 'y'))];
    });
    const model = openReference(graph);
    expect([...model.run(new Map([['x', floats([2, 2], 1, -30, -5, 4)]]))]).toEqual([['y', floats([2, 2], 11, 0, 5, 24)]]);
    expect(model.run(new Map([['x', floats([1, 2], 0, 0)]])).get('y')).toEqual(floats([1, 2], 10, 20));
  });

  it('gives inputs, constants and values in between if they are wanted', () => {
    const graph = graphOf([2], (builder, x) => {
      const constant = builder.numbers('float32', [3, 4]);
      const sum = builder.op('add', [x, constant], {}, origin('Add', 'sum'));
      builder.op('neg', [sum], {}, origin('Neg', 'unused'));
      return [x, constant, builder.op('neg', [sum], {}, origin('Neg', 'y'))];
    });
    const x = floats([2], 1, 2);
    expect([...run(graph, x).values()]).toEqual([x, floats([2], 3, 4), floats([2], -4, -6)]);
    const sum = graph.nodes[0]?.outputs[0] as Graph['outputs'][number];
    expect([...openReference(graph).run(new Map([['x', x]]), [sum])]).toEqual([['sum', floats([2], 4, 6)]]);
  });

  it('evaluates open sizes in attributes', () => {
    const graph = graphOf([batch, 2], (builder, x) => [
      builder.op('reshape', [x], { newShape: [multiply(batch, 2)] }, origin('Reshape', 'y')),
      builder.op('sizes', [], { values: [batch, add(batch, 5)], dataType: 'int32' }, origin('Shape', 'z')),
    ]);
    const answers = run(graph, floats([3, 2], 1, 2, 3, 4, 5, 6));
    expect(answers.get('y')).toEqual(floats([6], 1, 2, 3, 4, 5, 6));
    expect(answers.get('z')).toEqual(tensor('int32', [2], [3, 8]));
  });

  it('rounds float16 once an op', () => {
    const graph = graphOf([3], (builder, x) => [builder.op('add', [x, x], {}, origin('Add', 'y'))], 'float16');
    const fed = tensor('float16', [3], [1.0001, 40_000, 2 ** -25 * 3]);
    expect(run(graph, fed).get('y')).toEqual(tensor('float16', [3], [2, Number.POSITIVE_INFINITY, 2 ** -22]));
    expect(fed).toEqual(tensor('float16', [3], [1.0001, 40_000, 2 ** -25 * 3]));
  });

  it('keeps int64 exact, or refuses', () => {
    const graph = graphOf([2], (builder, x) => [builder.op('mul', [x, x], {}, origin('Mul', 'square'))], 'int64');
    expect(run(graph, tensor('int64', [2], [-3, 94_906_265])).get('square')).toEqual(tensor('int64', [2], [9, 9_007_199_136_250_225]));
    const refused = refusalOf(() => run(graph, tensor('int64', [2], [0, 2 ** 32])));
    expect(refused.message).toContain('Node "square" (Mul) gives 18446744073709552000, but int64 is exact only up to 2^53 - 1.');
  });
});

describe('errors', () => {
  const two = graphOf([batch, 2], (builder, x) => [
    builder.op('add', [x, builder.input('z', { dataType: 'float32', shape: [batch, 1] })], {}, origin('Add', 'y')),
  ]);
  const feeds = (x: Tensor, z: Tensor) =>
    new Map([
      ['x', x],
      ['z', z],
    ]);
  const ok = floats([1, 2], 1, 2);

  it.each([
    ['no feed', new Map([['x', ok]]), 'The graph\'s input "z" is not fed; it takes float32[batch, 1].'],
    ['an unknown feed', new Map([['q', ok]]), 'The graph has no input "q". Its inputs are "x", "z".'],
    ['another rank', feeds(ok, floats([1], 1)), 'Input "z" takes float32[batch, 1], but is fed with float32[1].'],
    ['another type', feeds(ok, tensor('int32', [1, 1], [1])), 'Input "z" takes float32[batch, 1], but is fed with int32[1, 1].'],
    ['too few values', feeds(ok, floats([1, 1])), 'Input "z" is fed with 0 values in a Float32Array for float32[1, 1].'],
    ['another array', feeds(ok, { ...floats([1, 1]), data: new Int32Array(1) }), 'with 1 values in a Int32Array for float32[1, 1].'],
    ['another size', feeds(floats([1, 3], 1, 2, 3), floats([1, 1], 1)), 'Input "x" takes the size 2 along axis 1, but is fed with 3.'],
    ['two batches', feeds(ok, floats([2, 1], 1, 2)), 'Input "z" has the size 2 along axis 0, but "batch" is 1 in an input before it.'],
  ])('name the input: %s', (_, given, message) => {
    const refused = refusalOf(() => openReference(two).run(given));
    expect(refused.code).toBe('input');
    expect(refused.message).toContain(message);
  });

  it('name what has values that its element type has not', () => {
    const graph = graphOf([2], (_, x) => [x], 'bool');
    expect(refusalOf(() => run(graph, tensor('bool', [2], [1, 2]))).message).toBe('Input "x" has booleans that are not 0 or 1.');
    const whole = graphOf([1], (_, x) => [x], 'int64');
    for (const value of [0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      const refused = refusalOf(() => run(whole, tensor('int64', [1], [value])));
      expect(refused.message).toBe('Input "x" has int64 values that are no whole numbers of at most 2^53 - 1.');
    }
    const builder = new GraphBuilder();
    const constant = builder.constant(constantOf('w', tensor('int64', [1], [Number.POSITIVE_INFINITY])));
    expect(refusalOf(() => openReference(builder.build([constant])))).toMatchObject({
      code: 'model-format',
      message: 'Constant "w" has int64 values that are no whole numbers of at most 2^53 - 1.',
    });
  });

  it('name a size that no input decides, and hold the others to their expressions', () => {
    const builder = new GraphBuilder();
    const twice = builder.input('twice', { dataType: 'float32', shape: [multiply(batch, 2)] });
    const graph = builder.build([twice]);
    expect(refusalOf(() => openReference(graph).run(new Map([['twice', floats([2], 1, 2)]]))).message).toContain(
      'Input "twice" has the size "2*batch" along axis 0, but no input says what "batch" is.',
    );
    builder.input('once', { dataType: 'float32', shape: [batch] });
    const both = (count: number) =>
      new Map([
        ['twice', floats([2], 1, 2)],
        ['once', tensor('float32', [count], Array(count).fill(0))],
      ]);
    expect(openReference(graph).run(both(1)).get('twice')).toEqual(floats([2], 1, 2));
    expect(refusalOf(() => openReference(graph).run(both(2))).message).toContain(
      'Input "twice" takes the size 4 ("2*batch") along axis 0, but is fed with 2.',
    );
  });

  it('name the node whose kernel refuses a value', () => {
    const graph = graphOf(
      [1],
      (builder, x) => [builder.op('div', [x, builder.numbers('int32', [0])], {}, origin('RealDiv', 'ratio'))],
      'int32',
    );
    const refused = refusalOf(() => run(graph, tensor('int32', [1], [3])));
    expect(refused).toMatchObject({ code: 'predict', detail: { node: 'ratio', op: 'RealDiv', format: 'tfjs' } });
    expect(refused.message).toContain('Node "ratio" (RealDiv) becomes div, which divides a whole number by 0.');
  });

  it('name the node whose open sizes do not fit', () => {
    const builder = new GraphBuilder();
    const inputs = ['a', 'b'].map((name) => builder.input(name, { dataType: 'float32', shape: [openSize(name)] }));
    const graph = builder.build([builder.op('add', inputs, {}, origin('Add', 'y'))]);
    const given = (length: number) =>
      new Map([
        ['a', floats([2], 1, 2)],
        ['b', tensor('float32', [length], Array(length).fill(1))],
      ]);
    expect(openReference(graph).run(given(1)).get('y')).toEqual(floats([2], 2, 3));
    expect(refusalOf(() => openReference(graph).run(given(3))).message).toContain('Node "y" (Add) cannot broadcast [2] and [3].');
  });

  it('name the node that only TF.js runs', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dataType: 'float32', shape: [1] });
    const attributes = { nodes: [], library: null, inputNames: ['x'], outputNames: ['y'] };
    const graph = builder.build(builder.opaque([x], attributes, origin('While', 'loop'), ['y']));
    expect(isComputable(graph)).toBe(false);
    expect(isComputable(two)).toBe(true);
    expect(refusalOf(() => openReference(graph)).message).toContain('Node "loop" (While) is computed by the tfjs engine only');
  });
});

describe('values that are too large', () => {
  const refusedBeforeIt = (graph: Graph, x: Tensor) => {
    const ran: string[] = [];
    const refused = refusalOf(() => openReference(graph).run(new Map([['x', x]]), graph.outputs, ({ origin: { name } }) => ran.push(name)));
    expect(refused.code).toBe('predict');
    return { ran, message: refused.message };
  };

  it('are refused before anything is computed: forty concats that double would fill memory', () => {
    const doubled = (count: number) =>
      graphOf([batch], (builder, x) => {
        let value = x;
        for (let index = 0; index < count; index++)
          value = builder.op('concat', [value, value], { axis: 0 }, origin('Concat', `c${index}`));
        return [value];
      });
    expect(run(doubled(3), floats([1], 5)).get('c2')).toEqual(floats([8], ...Array<number>(8).fill(5)));
    expect(refusedBeforeIt(doubled(40), floats([1], 5))).toEqual({
      ran: [],
      message: expect.stringContaining('Node "c27" (Concat) gives [268435456], which is more than 134217728 elements.'),
    });
  });

  it('are those that are large together, while later nodes take them', () => {
    const kept = (isKept: boolean) =>
      graphOf([batch], (builder, x) => {
        const wide = (index: number) => builder.op('expand', [x], { newShape: [2 ** 26, batch] }, origin('Expand', `wide${index}`));
        const values = Array.from({ length: 9 }, (_, index) => {
          const value = wide(index);
          return isKept
            ? value
            : builder.op('reduceSum', [value], { axes: [0], keepDimensions: false }, origin('ReduceSum', `sum${index}`));
        });
        return values;
      });
    const { ran, message } = refusedBeforeIt(kept(true), floats([1], 5));
    expect(ran).toEqual([]);
    expect(message).toContain(
      'Node "wide8" (Expand) gives [67108864, 1], which is more than 536870912 elements with the values that are kept',
    );
    expect(() => checkElements(planOf(kept(false), kept(false).outputs), new Map([['batch', 1]]))).not.toThrow();
  });
});

describe('sizes that values decide', () => {
  /** The places of elements that are not zero, and ops that depend on their number alone. */
  const graph = graphOf([3], (builder, x) => {
    const places = builder.op('nonzero', [x], { countName: 'hits' }, origin('Where', 'places'));
    const hits = openSize('hits');
    return [
      builder.op('range', [], { start: 0, count: hits, step: 1, dataType: 'int32' }, origin('Range', 'numbers')),
      builder.op('sizes', [], { values: [add(hits, 1)], dataType: 'int32' }, origin('Shape', 'count')),
      builder.op('neg', [builder.op('reshape', [places], { newShape: [hits] }, origin('Squeeze', 'flat'))], {}, origin('Neg', 'y')),
    ];
  });

  it('are numbers once the node has run', () => {
    const answers = run(graph, floats([3], 5, 0, 7));
    expect(Object.fromEntries(answers)).toEqual({
      numbers: tensor('int32', [2], [0, 1]),
      count: tensor('int32', [1], [3]),
      y: tensor('int32', [2], [-0, -2]),
    });
    expect(run(graph, floats([3], 0, 0, 0)).get('y')).toEqual(tensor('int32', [0], []));
  });

  it('run the node that decides them, whatever is wanted', () => {
    const [numbers] = graph.outputs as [Graph['outputs'][number]];
    expect([...openReference(graph).run(new Map([['x', floats([3], 1, 1, 0)]]), [numbers])]).toEqual([
      ['numbers', tensor('int32', [2], [0, 1])],
    ]);
  });
});
