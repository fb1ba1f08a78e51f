/** Ops that make tensors out of a few numbers. */
import { isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { i32x4, v128 } from '../asm/vector.js';
import { copy } from '../kernels/copy.js';
import { elementwise } from '../kernels/elementwise.js';
import { rowMajor } from '../kernels/loops.js';
import { sequence } from '../kernels/sequence.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { bitsOf, shapeOf } from './values.js';

export const CREATION = {
  range: (node: NodeOf<'range'>, { kernels }: Lowering): Step => {
    const { start, count, step, dataType } = node.attributes;
    const numbers = { start: start as number, count: count as number, step: step as number };
    const run = sequence(kernels, { ...numbers, isFloat: isFloat(dataType) });
    return plainStep(node, { write: ({ body }, _, [to]) => body.call(run, to) });
  },
  sizes: (node: NodeOf<'sizes'>, { kernels, weights }: Lowering): Step => {
    const { values, dataType } = node.attributes;
    const numbers = (values as readonly number[]).map((value) => (dataType === 'bool' ? Number(value !== 0) : value));
    const table = weights.table(Int32Array.from(numbers, (value) => bitsOf(dataType, value)));
    const run = copy(kernels, { sizes: [values.length], strides: [[1], [1]] });
    return plainStep(node, { write: ({ body }, _, [to]) => body.call(run, i32.const(table), to) });
  },
  oneHot: (node: NodeOf<'oneHot'>, { kernels, weights }: Lowering): Step => {
    const [indices] = node.inputs as readonly [Value];
    const { axis, depth } = node.attributes;
    const shape = shapeOf(node.outputs[0] as Value);
    const places = i32.const(weights.table(Int32Array.from({ length: depth as number }, (_, place) => place)));
    const none = shape.map(() => 0);
    const strides = [rowMajor(shapeOf(indices)).toSpliced(axis, 0, 0), none.with(axis, 1), none, none, rowMajor(shape)];
    const formula = {
      name: 'one hot',
      write: (_: unknown, [index, place, on, off]: readonly V128[]) =>
        v128.select(on as V128, off as V128, i32x4.eq(index as V128, place as V128)),
    };
    const run = elementwise(kernels, { sizes: shape, strides }, formula);
    return plainStep(node, {
      write: ({ body }, [index, on, off], [to]) => body.call(run, index, places, on as typeof index, off as typeof index, to),
    });
  },
} as const;
