/** Nodes that become one op without attributes, whichever format they come from. */
import { isFloat } from '../../graph/element-type.js';
import type { TypedValue } from '../../graph/graph.js';
import type { OpAttributes, OpName } from '../../graph/ops/index.js';
import type { NodeCall } from './node-call.js';

/** Ops without attributes. */
export type PlainOp = { [Name in OpName]: keyof OpAttributes[Name] extends never ? Name : never }[OpName];

/** Reads a node as the op that it is, under our name. */
export const sameAs =
  (op: PlainOp) =>
  (call: NodeCall): TypedValue =>
    call.add<PlainOp>(op, call.values(), {});

/** Reads a node that rounds: a whole number stays as it is. */
export const rounding =
  (op: 'ceil' | 'floor' | 'roundEven') =>
  (call: NodeCall): TypedValue =>
    isFloat(call.type().dataType) ? call.add(op, [call.value()], {}) : call.value();
