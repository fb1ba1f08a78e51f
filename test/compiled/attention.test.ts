/** Attention is one step, which answers as the reference does. */
import { expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { CaseList } from '../kernels/case.js';
import { normal } from '../kernels/values.js';
import { attentionCases } from './attention-cases.js';
import { packed, problemsOf } from './compiled.js';

const { cases } = attentionCases();

it('answers as the reference', async () => {
  const wrong: string[] = [];
  for (const each of cases) wrong.push(...(await problemsOf(each, 'simd')));
  expect(wrong).toEqual([]);
});

const stepsOf = (text: string): readonly string[] => {
  const { graph } = cases.find(({ id }) => id.includes(text))!;
  return compileModel(packed(graph), 'simd').steps.map(({ node }) => node.op);
};

it('takes moves of its operands and of its output, and the mask', () => {
  expect(stepsOf('heads side by side, minus infinity at some keys, 2×3×5×9×3×6, heads behind')).toEqual(['matmul']);
  // The factor of values has no place in a product of theirs.
  expect(stepsOf('split and scaled, scaled, 1×2×7×7×4×4, heads behind')).toEqual(['mul', 'matmul']);
  // Columns of the queries do not lie side by side.
  expect(stepsOf('one key head for all, every second element, no mask, 1×2×7×7×4×4')).toEqual(['transpose', 'matmul']);
});

it('is left in its steps where somebody else takes the scores or the weights', async () => {
  const list = new CaseList('chain');
  for (const shown of ['scores', 'weights'] as const)
    list.add(`attention that shows its ${shown}`, { dataType: 'float32', terms: 64 }, (builder) => {
      const [q, k, v] = [0, 1, 2].map(() => builder.input('float32', [5, 5], normal));
      const scores = builder.op('matmul', [q!, k!], {});
      const weights = builder.op('softmax', [builder.op('relu', [scores], {})], { axis: 1 });
      return [builder.op('matmul', [weights, v!], {}), { scores, weights }[shown]];
    });
  for (const each of list.cases) expect(await problemsOf(each, 'simd')).toEqual([]);
});

it('has sums of no products where the depth is 0', async () => {
  const list = new CaseList('chain');
  list.add('attention of depth 0', { dataType: 'float32', terms: 64 }, (builder) => {
    const [q, k, v] = [
      [3, 0],
      [0, 4],
      [4, 5],
    ].map((shape) => builder.input('float32', shape, normal));
    const weights = builder.op('softmax', [builder.op('matmul', [q!, k!], {})], { axis: 1 });
    return [builder.op('matmul', [weights, v!], {})];
  });
  expect(await problemsOf(list.cases[0]!, 'simd')).toEqual([]);
});
