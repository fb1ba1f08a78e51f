/** The passes that find hard-swish, GELU and softmax in the steps that an exporter wrote. */
import { describe, expect, it } from 'vitest';
import type { TypedValue } from '../../src/graph/graph.js';
import type { OpAttributes, OpName } from '../../src/graph/ops/index.js';
import { openSize } from '../../src/graph/size.js';
import { findGelu } from '../../src/passes/find-gelu.js';
import { findHardSwish } from '../../src/passes/find-hard-swish.js';
import { findSoftmax } from '../../src/passes/find-softmax.js';
import type { Pass } from '../../src/passes/pass.js';
import { rewrite, TestGraph } from '../fixtures/rewritten.js';
import { countRewrites } from '../fixtures/weights.js';

/** A graph of x whose nodes are written as calls. */
class Steps extends TestGraph {
  readonly x = this.input('x', { dataType: 'float32', shape: [openSize('batch'), 7] });
  #count = 0;

  do<Name extends OpName>(op: Name, inputs: readonly (TypedValue | number)[], attributes: OpAttributes[Name]): TypedValue {
    const values = inputs.map((each) => (typeof each === 'number' ? this.number('float32', each) : each));
    return this.node(`n${this.#count++}`, op, values, attributes);
  }

  mul = (a: TypedValue | number, b: TypedValue | number) => this.do('mul', [a, b], {});
  add = (a: TypedValue | number, b: TypedValue | number) => this.do('add', [a, b], {});
  div = (a: TypedValue | number, b: TypedValue | number) => this.do('div', [a, b], {});
  sub = (a: TypedValue | number, b: TypedValue | number) => this.do('sub', [a, b], {});
}

type Form = (steps: Steps) => TypedValue | readonly TypedValue[];

const graphOf = (form: Form) => {
  const steps = new Steps();
  const outputs = form(steps);
  return steps.build('name' in outputs ? [outputs] : outputs);
};

/** The ops that are left, with their attributes. */
const left = (form: Form, pass: Pass) =>
  rewrite(graphOf(form), pass).graph.nodes.map(({ op, attributes }) => `${op} ${Object.values(attributes)}`.trim());

describe('hard-swish', () => {
  const gate = (s: Steps, by = 3, max = 6) => s.do('clamp', [s.add(s.x, by)], { min: 0, max });

  it.each<[string, Form]>([
    ['x · gate / 6', (s) => s.div(s.mul(s.x, gate(s)), 6)],
    ['x · (gate · ⅙)', (s) => s.mul(s.x, s.mul(gate(s), Math.fround(1 / 6)))],
    ['(⅙ · x) · gate', (s) => s.mul(s.mul(1 / 6, s.x), gate(s))],
    ['(x / 2) · (gate / 3)', (s) => s.mul(s.div(s.x, 2), s.div(gate(s), 3))],
  ])('is found as %s', (_, form) => expect(left(form, findHardSwish)).toEqual(['hardSwish']));

  it.each<[string, Form]>([
    // The number that float16 has nearest to ⅙ is off by 0.02 %.
    ['the number is a rounded one', (s) => s.mul(s.mul(s.x, gate(s)), 0.16662598)],
    ['other numbers are added', (s) => s.div(s.mul(s.x, gate(s, 2)), 6)],
    ['the bounds are others', (s) => s.div(s.mul(s.x, gate(s, 3, 5)), 6)],
    ['the gate is one of another value', (s) => s.div(s.mul(s.do('neg', [s.x], {}), gate(s)), 6)],
    [
      'the gate is taken otherwise, too',
      (s) => {
        const g = gate(s);
        return [s.div(s.mul(s.x, g), 6), g];
      },
    ],
    ['there is another factor', (s) => s.div(s.mul(s.mul(s.x, s.do('exp', [s.x], {})), gate(s)), 6)],
  ])('is not found where %s', (_, form) => expect(countRewrites(graphOf(form), findHardSwish)).toBe(0));
});

describe('GELU', () => {
  const cdf = (s: Steps, factor: number) => s.add(1, s.do('erf', [s.mul(s.x, factor)], {}));
  const cube = (s: Steps) => s.do('pow', [s.x, 3], {});
  const tanh = (s: Steps, x: TypedValue) => s.add(s.do('tanh', [x], {}), 1);
  const factor = Math.sqrt(2 / Math.PI);

  it.each<[string, string, Form]>([
    ['none', '0.5 · x · (1 + erf(x · √½))', (s) => s.mul(s.mul(0.5, s.x), cdf(s, Math.SQRT1_2))],
    ['none', 'x · (0.5 · (1 + erf(x / √2)))', (s) => s.mul(s.x, s.mul(0.5, s.add(1, s.do('erf', [s.div(s.x, Math.SQRT2)], {}))))],
    ['none', 'x · (1 + erf(x · √½)) / 2', (s) => s.div(s.mul(s.x, cdf(s, Math.SQRT1_2)), 2)],
    ['tanh', 'with x³ as a power', (s) => s.mul(s.mul(s.x, 0.5), tanh(s, s.mul(factor, s.add(s.x, s.mul(0.044715, cube(s))))))],
    [
      'tanh',
      'with x³ as products',
      (s) => s.mul(s.x, s.mul(0.5, tanh(s, s.mul(factor, s.add(s.mul(s.mul(s.mul(s.x, s.x), s.x), 0.044715), s.x))))),
    ],
    [
      'tanh',
      'with x before the parentheses',
      (s) => s.mul(s.mul(s.x, 0.5), tanh(s, s.mul(s.mul(s.x, factor), s.add(1, s.mul(0.044715, s.mul(s.x, s.x)))))),
    ],
  ])('by %s is found: %s', (approximation, _, form) => expect(left(form, findGelu)).toEqual([`gelu ${approximation}`]));

  it.each<[string, Form]>([
    ['the factor is another one', (s) => s.mul(s.mul(0.5, s.x), cdf(s, 0.7))],
    ['it is not halved', (s) => s.mul(s.x, cdf(s, Math.SQRT1_2))],
    ['erf is of another value', (s) => s.mul(s.mul(0.5, s.do('neg', [s.x], {})), cdf(s, Math.SQRT1_2))],
    [
      'erf is an output',
      (s) => {
        const erf = s.do('erf', [s.mul(s.x, Math.SQRT1_2)], {});
        return [s.mul(s.mul(0.5, s.x), s.add(erf, 1)), erf];
      },
    ],
    ['x is squared', (s) => s.mul(s.mul(s.x, 0.5), tanh(s, s.mul(factor, s.add(s.x, s.mul(0.044715, s.mul(s.x, s.x))))))],
    ['the cube has another factor', (s) => s.mul(s.mul(s.x, 0.5), tanh(s, s.mul(factor, s.add(s.x, s.mul(0.05, cube(s))))))],
  ])('is not found where %s', (_, form) => expect(countRewrites(graphOf(form), findGelu)).toBe(0));
});

describe('softmax', () => {
  const along = (axes: readonly number[]) => ({ axes, keepDimensions: true });
  const lowered = (s: Steps, axis = 1) => s.sub(s.x, s.do('reduceMax', [s.x], along([axis])));
  const sum = (s: Steps, x: TypedValue, axis = 1) => s.do('reduceSum', [x], along([axis]));

  it('is found along any axis, as a quotient and as a product', () => {
    const quotient = (axis: number) => (s: Steps) => {
      const power = s.do('exp', [lowered(s, axis)], {});
      return s.div(power, sum(s, power, axis));
    };
    expect(left(quotient(1), findSoftmax)).toEqual(['softmax 1']);
    expect(left(quotient(0), findSoftmax)).toEqual(['softmax 0']);
    const product = (s: Steps) => {
      const power = s.do('exp', [lowered(s)], {});
      return s.mul(power, s.do('reciprocal', [sum(s, power)], {}));
    };
    expect(left(product, findSoftmax)).toEqual(['softmax 1']);
  });

  it('is found as a logarithm', () => {
    const logarithm = (s: Steps) => {
      const difference = lowered(s);
      return s.sub(difference, s.do('log', [sum(s, s.do('exp', [difference], {}))], {}));
    };
    expect(left(logarithm, findSoftmax)).toEqual(['logSoftmax 1']);
  });

  it.each<[string, (s: Steps) => TypedValue | readonly TypedValue[]]>([
    [
      'the greatest element is not taken away',
      (s) => {
        const power = s.do('exp', [s.x], {});
        return s.div(power, sum(s, power));
      },
    ],
    [
      'it runs along another axis',
      (s) => {
        const power = s.do('exp', [lowered(s)], {});
        return s.div(power, sum(s, power, 0));
      },
    ],
    [
      'it runs along two axes',
      (s) => {
        const power = s.do('exp', [s.sub(s.x, s.do('reduceMax', [s.x], along([0, 1])))], {});
        return s.div(power, s.do('reduceSum', [power], along([0, 1])));
      },
    ],
    [
      'the greatest element is one of another value',
      (s) => {
        const power = s.do('exp', [s.sub(s.x, s.do('reduceMax', [s.do('neg', [s.x], {})], along([1])))], {});
        return s.div(power, sum(s, power));
      },
    ],
    [
      'the powers are an output',
      (s) => {
        const power = s.do('exp', [lowered(s)], {});
        return [s.div(power, sum(s, power)), power];
      },
    ],
  ])('is not found where %s', (_, form) => expect(countRewrites(graphOf(form), findSoftmax)).toBe(0));
});
