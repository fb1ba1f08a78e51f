/** Attention as exporters write it, in odd sizes, with masks of every kind. */
import type { TypedValue } from '../../src/graph/graph.js';
import { type CaseBuilder, CaseList } from '../kernels/case.js';
import { between, type Draw, each, flags, normal } from '../kernels/values.js';

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly columns: number;
}

/** Batch, heads, queries, keys, depth and columns. */
const SIZES = [
  [1, 1, 1, 1, 1, 1],
  [1, 2, 7, 7, 4, 4],
  [2, 3, 5, 9, 3, 6],
  [1, 2, 13, 50, 8, 5],
  [1, 1, 30, 3, 5, 9],
  [1, 2, 14, 601, 6, 10],
].map(([batch, heads, queries, keys, depth, columns]) => ({ batch, heads, queries, keys, depth, columns }) as Sizes);

type Masked = (builder: CaseBuilder, scores: TypedValue, sizes: Sizes) => TypedValue;

const number = (builder: CaseBuilder, value: number): TypedValue => builder.constant('float32', [], () => value);
const least = each([0, Number.NEGATIVE_INFINITY, 0, 0]);

/** Expressions of scores. */
const MASKS: Readonly<Record<string, Masked>> = {
  'no mask': (_, scores) => scores,
  scaled: (builder, scores) => builder.op('div', [scores, number(builder, 1.7)], {}),
  'minus infinity at some keys': (builder, scores, { batch, keys }) =>
    builder.op('add', [scores, builder.input('float32', [batch, 1, 1, keys], least)], {}),
  'the least float at all keys of a query': (builder, scores, { queries, keys }) => {
    const mask: Draw = (_, index) => (Math.floor(index / keys) % 2 === 0 ? -3.4028234663852886e38 : 0);
    return builder.op('add', [builder.op('mul', [scores, number(builder, 0.5)], {}), builder.input('float32', [queries, keys], mask)], {});
  },
  'minus infinity at all keys of a query': (builder, scores, { queries, keys }) => {
    const mask: Draw = (_, index) => (Math.floor(index / keys) % 2 === 0 ? Number.NEGATIVE_INFINITY : 0);
    return builder.op('add', [scores, builder.input('float32', [1, 1, queries, keys], mask)], {});
  },
  'minus infinity for a query, by a condition': (builder, scores, { batch, heads, queries }) => {
    const condition = builder.input('bool', [batch, heads, queries, 1], flags);
    return builder.op('where', [condition, scores, number(builder, Number.NEGATIVE_INFINITY)], {});
  },
  'bounded by tanh': (builder, scores) => builder.op('tanh', [scores], {}),
  'NaN and infinity': (builder, scores, { keys }) =>
    builder.op('add', [scores, builder.input('float32', [keys], each([0, Number.NaN, 0, Number.POSITIVE_INFINITY, 0, 0, 0]))], {}),
};

/** Queries, keys with their depth in front, and values, by heads. */
type Operands = (builder: CaseBuilder, sizes: Sizes) => readonly [TypedValue, TypedValue, TypedValue];

const byHead = (builder: CaseBuilder, rows: TypedValue, { heads }: Sizes, permutation: readonly number[]): TypedValue => {
  const [batch, count, width] = rows.type.shape as readonly [number, number, number];
  return builder.op('transpose', [builder.op('reshape', [rows], { newShape: [batch, count, heads, width / heads] })], { permutation });
};

const OPERANDS: Readonly<Record<string, Operands>> = {
  'as they are': (builder, { batch, heads, queries, keys, depth, columns }) => [
    builder.input('float32', [batch, heads, queries, depth], normal),
    builder.input('float32', [batch, heads, depth, keys], normal),
    builder.constant('float32', [batch, heads, keys, columns], normal),
  ],
  'heads side by side': (builder, sizes) => {
    const { batch, heads, queries, keys, depth, columns } = sizes;
    return [
      byHead(builder, builder.input('float32', [batch, queries, heads * depth], normal), sizes, [0, 2, 1, 3]),
      byHead(builder, builder.input('float32', [batch, keys, heads * depth], normal), sizes, [0, 2, 3, 1]),
      byHead(builder, builder.input('float32', [batch, keys, heads * columns], normal), sizes, [0, 2, 1, 3]),
    ];
  },
  'split and scaled': (builder, { batch, heads, queries, keys, depth, columns }) => {
    const count = queries + keys;
    const all = builder.input('float32', [batch, count, 2, heads, depth], normal);
    const parts = builder.op('transpose', [all], { permutation: [2, 0, 3, 1, 4] });
    const [first, second] = builder.ops('split', [parts], { axis: 0, splits: [1, 1] }) as [TypedValue, TypedValue];
    const rows = (value: TypedValue, start: number, size: number) => {
      const whole = builder.op('reshape', [value], { newShape: [batch, heads, count, depth] });
      return builder.op('slice', [whole], { starts: [0, 0, start, 0], sizes: [batch, heads, size, depth], strides: [1, 1, 1, 1] });
    };
    const scaled = (value: TypedValue) => builder.op('mul', [number(builder, 0.7), value], {});
    const key = builder.op('transpose', [scaled(rows(second, queries, keys))], { permutation: [0, 1, 3, 2] });
    const values = builder.op('mul', [builder.input('float32', [batch, heads, keys, columns], normal), number(builder, 3)], {});
    return [scaled(rows(first, 0, queries)), key, values];
  },
  'one key head for all, every second element': (builder, { batch, heads, queries, keys, depth, columns }) => {
    const wide = builder.input('float32', [batch, 1, 2 * depth, 2 * keys], normal);
    const key = builder.op('slice', [wide], { starts: [0, 0, 1, 0], sizes: [batch, 1, 2 * depth - 1, 2 * keys], strides: [1, 1, 2, 2] });
    return [
      builder.op('transpose', [builder.input('float32', [batch, heads, depth, queries], normal)], { permutation: [0, 1, 3, 2] }),
      key,
      builder.input('float32', [keys, columns], between(-1, 1)),
    ];
  },
};

export function attentionCases(): CaseList {
  const list = new CaseList('chain');
  for (const [size, sizes] of SIZES.entries())
    for (const [form, operands] of Object.entries(OPERANDS))
      for (const [place, [mask, masked]] of Object.entries(MASKS).entries()) {
        const isBroughtBack = (size + place) % 2 === 0;
        const text = `attention, ${form}, ${mask}, ${Object.values(sizes).join('×')}${isBroughtBack ? ', heads behind' : ''}`;
        list.add(text, { dataType: 'float32', terms: 700 }, (builder) => {
          const [query, key, value] = operands(builder, sizes);
          const scores = masked(builder, builder.op('matmul', [query, key], {}), sizes);
          const found = builder.op('matmul', [builder.op('softmax', [scores], { axis: 3 }), value], {});
          return [isBroughtBack ? builder.op('transpose', [found], { permutation: [0, 2, 1, 3] }) : found];
        });
      }
  return list;
}
