/** The pass that casts at once what is cast twice. */
import { expect, it } from 'vitest';
import type { DataType } from '../../src/graph/element-type.js';
import { mergeCasts } from '../../src/passes/merge-casts.js';
import { rewrite, TestGraph } from '../fixtures/rewritten.js';

/** How many nodes are left of casts from one type over a second to a third. */
function left(from: DataType, between: DataType, to: DataType): number {
  const graph = new TestGraph();
  const x = graph.input('x', { dataType: from, shape: [4] });
  const y = graph.node('y', 'cast', [graph.node('between', 'cast', [x], { to: between })], { to });
  return rewrite(graph.build([y]), mergeCasts).graph.nodes.length;
}

it.each([
  ['bool', 'int32', 'float32'],
  ['bool', 'float32', 'uint8'],
  ['uint8', 'int32', 'float32'],
  ['uint8', 'int32', 'int8'],
  ['int16', 'float32', 'bool'],
  ['float16', 'float32', 'int32'],
  ['int32', 'int64', 'int32'],
  ['int8', 'float32', 'float16'],
] as const)('casts %s over %s to %s at once', (from, between, to) => expect(left(from, between, to)).toBe(1));

it.each([
  ['float32', 'int32', 'float32', 'the fraction is lost'],
  ['int32', 'bool', 'float32', 'all but 0 becomes 1'],
  ['int32', 'float32', 'int64', 'float32 does not hold it'],
  ['int64', 'int32', 'int64', 'the highest bits are lost'],
  ['uint8', 'float32', 'int8', '200 becomes 127 over a float, and -56 without one'],
  ['float32', 'float16', 'float32', 'it is rounded'],
] as const)('keeps %s over %s to %s: %s', (from, between, to, _) => expect(left(from, between, to)).toBe(2));
