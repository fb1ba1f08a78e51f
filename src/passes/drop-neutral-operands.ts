/** Takes a value itself instead of its sum with 0, its product with 1, and the like. The sign of a zero may change: -0 + 0 is 0. */
import type { TypedValue, Value } from '../graph/graph.js';
import type { OpName } from '../graph/ops/index.js';
import { typeText } from '../graph/tensor.js';
import type { GraphView, Pass } from './pass.js';
import { replacing } from './patch.js';

/** By op, the operand that changes nothing, and whether it may stand on both sides or on the right alone. */
const NEUTRAL: Readonly<Partial<Record<OpName, readonly [number, 'both' | 'right']>>> = {
  add: [0, 'both'],
  sub: [0, 'right'],
  mul: [1, 'both'],
  div: [1, 'right'],
  pow: [1, 'right'],
  max: [Number.NEGATIVE_INFINITY, 'both'],
  min: [Number.POSITIVE_INFINITY, 'both'],
  logicalAnd: [1, 'both'],
  logicalOr: [0, 'both'],
};

export const dropNeutralOperands: Pass = {
  name: 'drop neutral operands',
  rewrite({ op, inputs: [left, right], outputs: [output] }, graph) {
    const [neutral, sides] = NEUTRAL[op] ?? [];
    if (neutral === undefined) return undefined;
    const stays = (value: Value, other: Value) =>
      typeText(value.type) === typeText((output as Value).type) && isAll(other as TypedValue, neutral, graph);
    if (stays(left as Value, right as Value)) return replacing(output as Value, left as Value);
    if (sides === 'both' && stays(right as Value, left as Value)) return replacing(output as Value, right as Value);
    return undefined;
  },
};

/** Whether a value is a constant of which each element is the number. */
const isAll = (value: TypedValue, wanted: number, graph: GraphView): boolean =>
  graph.tensorOf(value)?.data.every((element) => element === wanted) === true;
