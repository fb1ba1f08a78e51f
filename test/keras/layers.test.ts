/** Each class of layer in the forms of Keras 2 and Keras 3: a rule gives the values of its definition, a refusal says what to do. */
import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/formats/keras/refusals.js';
import { RULES } from '../../src/formats/keras/rules.js';
import { expectClose } from '../fixtures/expect-close.js';
import { CASES } from './cases/index.js';
import { CLASSES, PARTS } from './classes.js';
import { answersOf, lowered, type Version } from './saved-layer.js';

const versionsOf = (kind: string): readonly Version[] => {
  const found = CLASSES.find((each) => each.kind === kind);
  return ([2, 3] as const).filter((version) => found?.[`keras${version}`] !== undefined);
};

const FORMS = CASES.flatMap((of) =>
  versionsOf(of.kind).map((version) => ({ ...of, version, told: JSON.stringify(of.config).slice(0, 80) })),
);

it.each(FORMS)('$kind of Keras $version: $told', ({ version, ...of }) => {
  const answers = answersOf(of, version);
  const wanted = version === 3 ? (of.wanted3 ?? of.wanted) : of.wanted;
  expect(answers.length).toBe(wanted.length);
  for (const [index, values] of answers.entries()) expectClose(values, wanted[index]!, `output ${index}`);
});

const REFUSED = CLASSES.filter(({ kind }) => REFUSALS.has(kind)).flatMap(({ kind }) =>
  versionsOf(kind).map((version) => ({ kind, version })),
);

it.each(REFUSED)('$kind of Keras $version is refused by name', ({ kind, version }) => {
  const { why, next } = REFUSALS.get(kind)!;
  const of = { kind, inputs: [[[2], [1, 2]]], wanted: [[]] } as const;
  const start = `Layer "layer" (${kind}) is not taken ${why}. ${next ?? 'Take the layer out, or convert the Keras model to a graph'}`;
  expect(() => lowered(of, version)).toThrow(
    expect.objectContaining({
      code: 'model-format',
      message: expect.stringContaining(start),
      detail: { layer: 'layer', node: 'layer', op: kind, format: 'keras' },
    }),
  );
});

describe('the table of classes', () => {
  it('has a rule or a refusal for each, or it is a part of another one', () => {
    const without = CLASSES.filter(({ kind }) => !RULES.has(kind) && !REFUSALS.has(kind) && !PARTS.has(kind));
    expect(without).toEqual([]);
    expect(CLASSES.filter(({ kind }) => RULES.has(kind) && REFUSALS.has(kind))).toEqual([]);
  });

  it('has each class that has a rule or a refusal', () => {
    const known = new Set(CLASSES.map(({ kind }) => kind));
    // The operators of Keras 3, the other name of a class, and models, which are no layers.
    const others = [...RULES.keys(), ...REFUSALS.keys()].filter((kind) => !known.has(kind) && !kind.startsWith('ops.'));
    expect(others.toSorted()).toEqual(['Functional', 'GroupQueryAttention', 'Model', 'Sequential']);
  });

  it('has at least 75 rules, each with a case', () => {
    const kinds = new Set(CASES.map(({ kind }) => kind));
    const ruled = CLASSES.filter(({ kind }) => RULES.has(kind)).map(({ kind }) => kind);
    expect(ruled.length).toBeGreaterThanOrEqual(75);
    expect(ruled.filter((kind) => !kinds.has(kind) && kind !== 'TFOpLambda')).toEqual([]);
    expect([...kinds].filter((kind) => !ruled.includes(kind))).toEqual([]);
  });
});
