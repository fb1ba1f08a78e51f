/** Open sizes of a graph become numbers. */
import { expect, it } from 'vitest';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { add, openSize } from '../../src/graph/size.js';
import { graphText } from '../../src/graph/text.js';

const origin = { format: 'pannier', op: 'test', name: 'n' } as const;

it('binds shapes and attributes, and leaves what values decide', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [openSize('batch'), 3] });
  const y = builder.op('expand', [x], { newShape: [add(openSize('batch'), 0), 3] }, origin, 'y');
  const z = builder.op('nonzero', [y], { countName: 'count' }, origin, 'z');
  expect(
    graphText(bindSizes(builder.build([z]), new Map([['batch', 2]])))
      .trimEnd()
      .split('\n'),
  ).toEqual([
    'input x: float32[2, 3]',
    'y: float32[2, 3] = expand(x, newShape=[2,3])  # pannier test "n"',
    'z: int32[count, 2] = nonzero(y, countName="count")  # pannier test "n"',
    'output z',
  ]);
});

it('refuses sizes that a node cannot have', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dataType: 'float32', shape: [openSize('width')] });
  const y = builder.op('slice', [x], { starts: [3], sizes: [2], strides: [1] }, origin);
  expect(() => bindSizes(builder.build([y]), new Map([['width', 4]]))).toThrow(
    'Node "n" (test) becomes slice, which takes a window of 2 at 3 from [4]',
  );
});
