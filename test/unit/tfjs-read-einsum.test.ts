/** How TensorFlow's Einsum is read: each equation is held to sums over all places of its axes. */
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/base/dtype.js';
import { mulberry32 } from '../../src/base/random.js';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { typeText } from '../../src/graph/tensor.js';
import { readParts } from '../fixtures/graph-def.js';
import { ran } from '../fixtures/one-tf-op.js';
import { ints } from '../fixtures/tensors.js';

/** The size of each axis; a capital letter is an axis of an ellipsis. */
const SIZES: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 2, i: 3, j: 2, k: 4, A: 2, B: 3 };

/** Whole numbers, whose sums are exact, along axes that letters name. */
function drawn(axes: string, next: () => number, sizes = SIZES): Tensor {
  const shape = [...axes].map((axis) => sizes[axis] as number);
  return ints(
    Array.from({ length: sizeOf(shape) }, () => Math.floor(next() * 19) - 9),
    shape,
  );
}

/** The sum of products for each place of the result, over all places of all axes. */
function summed(terms: readonly string[], result: string, tensors: readonly Tensor[]): Tensor {
  const axes = [...new Set(terms.join(''))];
  const sizes = axes.map((axis) =>
    Math.max(...terms.map((term, index) => (term.includes(axis) ? (tensors[index]?.shape[term.indexOf(axis)] as number) : 1))),
  );
  const shape = [...result].map((axis) => sizes[axes.indexOf(axis)] as number);
  const sums = new Int32Array(sizeOf(shape));
  for (let place = 0; place < sizeOf(sizes); place++) {
    let rest = place;
    const at = new Map<string, number>();
    for (const [index, axis] of axes.entries()) {
      at.set(axis, rest % (sizes[index] as number));
      rest = Math.floor(rest / (sizes[index] as number));
    }
    const flat = (term: string, of: readonly number[]) =>
      [...term].reduce((before, axis, index) => before * (of[index] as number) + ((at.get(axis) as number) % (of[index] as number)), 0);
    const product = terms.reduce((before, term, index) => {
      const { data, shape: own } = tensors[index] as Tensor;
      return before * (data[flat(term, own)] as number);
    }, 1);
    const to = flat(result, shape);
    sums[to] = (sums[to] as number) + product;
  }
  return { dataType: 'int32', shape, data: sums };
}

/** Reads and runs an equation. @param axes of each input, of the same letters with those of an ellipsis spelled out */
const einsum = (equation: string, tensors: readonly Tensor[]) =>
  ran('Einsum', tensors, [], { equation: attr.text(equation), N: attr.whole(tensors.length) });

describe('an equation', () => {
  it.each([
    // One tensor: its axes in another order, and sums.
    ['ij->ij', ['ij'], 'ij'],
    ['ij->ji', ['ij'], 'ji'],
    ['abc->ca', ['abc'], 'ca'],
    ['ab->', ['ab'], ''],
    // Products of matrices, and of many at once.
    ['ij,jk->ik', ['ij', 'jk'], 'ik'],
    ['ij,jk->ki', ['ij', 'jk'], 'ki'],
    ['ab c, cd->a bd', ['abc', 'cd'], 'abd'],
    ['bij,bjk->bik', ['bij', 'bjk'], 'bik'],
    // Attention: queries with keys, then with values, over heads.
    ['aibc,ajbc->abij', ['aibc', 'ajbc'], 'abij'],
    ['abij,ajbc->aibc', ['abij', 'ajbc'], 'aibc'],
    ['abc,bcd->ad', ['abc', 'bcd'], 'ad'],
    // Without an axis to sum, and with axes that one tensor alone has.
    ['i,j->ij', ['i', 'j'], 'ij'],
    ['ij,ij->ji', ['ij', 'ij'], 'ji'],
    ['ab,b->ab', ['ab', 'b'], 'ab'],
    ['ia,ib->i', ['ia', 'ib'], 'i'],
    ['abk,kc->ac', ['abk', 'kc'], 'ac'],
    ['i,i->', ['i', 'i'], ''],
    ['i,->i', ['i', ''], 'i'],
    ['Ia,aI->I', ['ia', 'ai'], 'i'],
    // Three tensors, and no arrow.
    ['ij,jk,k->i', ['ij', 'jk', 'k'], 'i'],
    ['kb,ka', ['kb', 'ka'], 'ab'],
    // An ellipsis.
    ['...i,ij->...j', ['ABi', 'ij'], 'ABj'],
    ['a...,...b->b...a', ['aAB', 'ABb'], 'bABa'],
    ['...->...', ['AB'], 'AB'],
    ['...ij,...jk->...ik', ['ABij', 'Bjk'], 'ABik'],
  ])('%s', (equation, terms, result) => {
    const next = mulberry32(equation.length);
    const tensors = terms.map((term) => drawn(term, next));
    expect(einsum(equation, tensors)).toEqual(summed(terms, result, tensors));
  });

  it('repeats axes of an ellipsis that have one element', () => {
    const next = mulberry32(1);
    const tensors = [drawn('Aij', next), drawn('Ajk', next, { ...SIZES, A: 1 })];
    expect(einsum('...ij,...jk->...ik', tensors)).toEqual(summed(['Aij', 'Ajk'], 'Aik', tensors));
  });

  it('keeps open sizes', () => {
    const { graph } = readParts({
      inputs: { x: ['float32', [null, 3, 4]], w: ['float32', [4, 2, 5]] },
      nodes: { y: ['Einsum', ['x', 'w'], { equation: attr.text('abc,cde->abde') }] },
    });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['reshape', 'reshape', 'matmul', 'reshape']);
    expect(typeText(graph.outputs[0]?.type ?? null)).toBe('float32[batch, 3, 2, 5]');
  });

  it('stays as it is where it takes a diagonal', () => {
    const { inexpressible } = readParts({
      inputs: { x: ['float32', [2, 2]] },
      nodes: { y: ['Einsum', ['x'], { equation: attr.text('ii->i') }] },
    });
    expect(inexpressible).toEqual([{ node: 'y', op: 'Einsum', reason: 'takes the diagonal "ii" of an input' }]);
  });

  it.each([
    ['ij->ij', ['ij', 'ij'], 'has the equation "ij->ij" for 2 inputs'],
    ['ij->i->j', ['ij'], 'has the equation "ij->i->j" for 1 inputs'],
    ['ijk->i', ['ij'], 'has the axes "ijk" of an input of 2 dimensions'],
    ['i->i', ['ij'], 'has the axes "i" of an input of 2 dimensions'],
    ['i1->i', ['ij'], 'has the axes "i1" of an input of 2 dimensions'],
    ['ij->k', ['ij'], 'gives the axes "k", of which its inputs have "ij"'],
    ['ij->ii', ['ij'], 'gives the axes "ii", of which its inputs have "ij"'],
    ['ij,jk->ik', ['ij', 'ik'], 'takes equal columns of a and rows of b'],
  ])('%s is refused for inputs %j', (equation, terms, problem) => {
    const next = mulberry32(1);
    expect(() =>
      einsum(
        equation,
        terms.map((term) => drawn(term, next)),
      ),
    ).toThrow(problem);
  });
});
