/** Steps of a compiled module: as a benchmark calls them one by one, and what becomes one. */
import { describe, expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { CaseList } from '../kernels/case.js';
import { allCases } from '../kernels/cases.js';
import { normal } from '../kernels/values.js';
import { packed, problemsOf } from './compiled.js';

const { graph } = allCases().find(({ id }) => id.startsWith('softmax'))!;

const exportsOf = (exportsSteps: boolean): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(compileModel(packed(graph), 'simd', { exportsSteps }).bytes)).map(({ name }) => name);

it('are exported only where they are asked for', () => {
  const { steps } = compileModel(packed(graph), 'simd');
  expect(exportsOf(true).filter((name) => name.startsWith('step'))).toEqual(steps.map((_, index) => `step ${index}`));
  expect(exportsOf(false).filter((name) => name.startsWith('step'))).toEqual([]);
});

describe('a sum that its own activation reads twice', () => {
  const list = new CaseList('chain');
  /** The number that a file of half precision has for a sixth, so that no pass finds hard-swish. */
  const SIXTH = 0.1666259765625;
  for (const [anchor, isShown] of [
    ['conv2d', false],
    ['depthwise', false],
    ['matmul', false],
    ['conv2d', true],
  ] as const)
    list.add(`${anchor}${isShown ? ', shown' : ''}`, { dataType: 'float32', terms: 20 }, (builder) => {
      const [picture, filter] = {
        conv2d: [
          [1, 5, 7, 4],
          [1, 1, 4, 9],
        ],
        depthwise: [
          [1, 5, 7, 9],
          [3, 3, 1, 9],
        ],
        matmul: [
          [5, 4],
          [4, 9],
        ],
      }[anchor] as [number[], number[]];
      const inputs = [builder.input('float32', picture, normal), builder.constant('float32', filter, normal)];
      const window = {
        strides: [1, 1],
        dilations: [1, 1],
        autoPad: 'sameUpper',
        padding: [0, 0, 0, 0],
        groups: anchor === 'depthwise' ? 9 : 1,
      };
      const sums = anchor === 'matmul' ? builder.op('matmul', inputs, {}) : builder.op('conv2d', [...inputs, null], window as never);
      const number = (value: number) => builder.constant('float32', [], () => value);
      const gate = builder.op('clamp', [builder.op('add', [sums, number(3)], {})], { min: 0, max: 6 });
      const activated = builder.op('mul', [builder.op('mul', [sums, number(SIXTH)], {}), gate], {});
      return isShown ? [activated, sums] : [activated];
    });
  it.each(list.cases.map((each) => [each.id, each] as const))('%s', async (id, each) => {
    expect(await problemsOf(each, 'simd')).toEqual([]);
    expect(compileModel(packed(each.graph), 'simd').steps).toHaveLength(id.endsWith('shown') ? 2 : 1);
  });
});
