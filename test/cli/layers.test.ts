/** The layers that `pannier try` shows: a row for each node, whose weights count once. */
import { expect, it } from 'vitest';
import { layersOf } from '../../apps/cli/layers.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Origin } from '../../src/graph/graph.js';

const origin = (name: string): Origin => ({ format: 'onnx', op: 'MatMul', name });

it('have the types that they give, and the bytes of the weights that they take first', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [1, 2] });
  const weight = builder.constant({
    value: { name: 'w', type: { dataType: 'float32', shape: [2, 2] } },
    bytes: new Uint8Array(16),
    storage: { kind: 'plain' },
  });
  const first = builder.op('matmul', [x, weight], {}, origin('first\u001b[2J'), 'a');
  const { text, rows } = layersOf(builder.build([builder.op('matmul', [first, weight], {}, origin('second'), 'b')]));
  expect(rows).toEqual([
    { op: 'matmul', name: 'first', gives: 'float32[1, 2]', weightBytes: 16 },
    { op: 'matmul', name: 'second', gives: 'float32[1, 2]', weightBytes: 0 },
  ]);
  expect(text).toBe(`input x: float32[1, 2]
constant w: float32[2, 2]
a: float32[1, 2] = matmul(x, w) # onnx MatMul "first"
b: float32[1, 2] = matmul(a, w) # onnx MatMul "second"
output b`);
});
