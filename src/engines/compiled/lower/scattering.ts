/** Ops that put elements in places that indices name: the input is copied, then the elements are put into the copy. */
import { sizeOf } from '../../../base/dtype.js';
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { Callable } from '../asm/function.js';
import { f32x4, i32x4 } from '../asm/vector.js';
import { copy } from '../kernels/copy.js';
import { scatterElements } from '../kernels/elements.js';
import { type Combination, scatterRows } from '../kernels/scatter.js';
import { narrowed } from './formula-table.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

type Scatter = NodeOf<'scatterND'> | NodeOf<'scatterElements'>;

export const SCATTERING = {
  scatterND: (node: NodeOf<'scatterND'>, { kernels }: Lowering): Step => {
    const [input, indices] = node.inputs as readonly [Value, Value];
    const shape = shapeOf(input);
    const depth = shapeOf(indices).at(-1) as number;
    const rows = { rows: sizeOf(shapeOf(indices).slice(0, -1)), lengths: shape.slice(0, depth), inner: sizeOf(shape.slice(depth)) };
    return putInCopy(node, kernels, scatterRows(kernels, rows, combinationOf(node)));
  },
  scatterElements: (node: NodeOf<'scatterElements'>, { kernels }: Lowering): Step => {
    const [input, indices] = node.inputs as readonly [Value, Value];
    const elements = { sizes: shapeOf(indices), shape: shapeOf(input), axis: node.attributes.axis };
    return putInCopy(node, kernels, scatterElements(kernels, elements, combinationOf(node)));
  },
} as const;

function putInCopy(node: Scatter, kernels: Lowering['kernels'], put: Callable): Step {
  const [input, , updates] = node.inputs as readonly [Value, Value, Value];
  const whole = copy(kernels, { sizes: [elementCount(input)], strides: [[1], [1]] });
  return plainStep(node, {
    write: ({ body }, [from, indices, elements], [to]) => {
      body.call(whole, from, to);
      if (elementCount(updates) > 0) body.call(put, to, indices as typeof from, elements as typeof from);
    },
  });
}

function combinationOf({ inputs, attributes: { reduction } }: Scatter): Combination {
  const type = inputs[0]?.type?.dataType as DataType;
  if (reduction === 'none') return { name: reduction, write: (_there, comes) => comes };
  const instructions = isFloat(type) ? f32x4 : i32x4;
  const combine = { add: instructions.add, mul: instructions.mul, max: instructions.max, min: instructions.min }[reduction];
  return { name: `${reduction} ${type}`, write: (there, comes) => narrowed(combine(there, comes), type) };
}
