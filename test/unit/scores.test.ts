/** Top scores, their bins, and how far two histograms are apart. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binOf, ENOUGH_ANSWERS, SCORE_EDGES, stabilityIndex, topScores } from '../../src/drift/scores.js';
import { topK } from '../../src/read/index.js';
import { runs } from '../tier.js';

const tensor = (data: Float32Array<ArrayBuffer>, shape: readonly number[]) => ({ dtype: 'float32', shape, data }) as const;

describe('top scores', () => {
  it('are those of topK, of every row', () => {
    const value = fc.oneof(fc.float({ min: -90, max: 90, noNaN: true }), fc.constant(Number.NaN));
    const rows = fc.integer({ min: 1, max: 5 }).chain((classes) => fc.tuple(fc.constant(classes), fc.array(value, { maxLength: 40 })));
    fc.assert(
      fc.property(rows, fc.constantFrom('logits', 'probabilities', undefined), ([classes, values], kind) => {
        const count = Math.floor(values.length / classes);
        const given = tensor(Float32Array.from(values.slice(0, count * classes)), [count, classes]);
        const wanted = Array.from({ length: count }, (_, row) => topK(given, { k: 1, row, ...(kind && { values: kind }) })[0]?.score);
        const got = topScores(given, kind);
        const present = wanted.filter((score) => score !== undefined);
        expect(got).toHaveLength(present.length);
        for (const [index, score] of got.entries()) expect(score).toBeCloseTo(present[index] as number, 12);
      }),
      { numRuns: runs(10_000, 300) },
    );
  });
  it('of thousands of values are those of some rows, at even distances', () => {
    const data = Float32Array.from({ length: 65_536 }, (_, at) => Math.floor(at / 2) / 32_768);
    expect(topScores(tensor(data, [1, 32_768, 2]), undefined)).toEqual(Array.from({ length: 2_048 }, (_, row) => row / 2_048));
    const many = (rows: number, classes: number) => topScores(tensor(new Float32Array(rows * classes), [rows, classes]), 'logits').length;
    expect([many(1, 20_000), many(5, 20_000), many(4_096, 1), many(3, 3_000), many(1_917, 91)]).toEqual([1, 1, 4_096, 1, 45]);
  });
  it('are none of nothing, of NaN, of infinities', () => {
    expect(topScores(tensor(new Float32Array(0), [0, 3]), 'logits')).toEqual([]);
    expect(topScores(tensor(new Float32Array(0), [5, 0]), undefined)).toEqual([]);
    expect(topScores(tensor(Float32Array.of(Number.NaN, Number.NaN, Number.POSITIVE_INFINITY, 0), [2, 2]), undefined)).toEqual([]);
    expect(topScores(tensor(Float32Array.of(0.5), []), undefined)).toEqual([0.5]);
  });
});

it('an edge belongs to the bin above it; what is below 0 or above 1 to the outermost', () => {
  expect([-5, 0, 0.19, 0.2, 0.5, 0.9, 0.9899, 0.99, 1, 7].map((score) => binOf(score, SCORE_EDGES))).toEqual([
    ...[0, 0, 0, 1, 2, 5, 6, 7, 7, 7],
  ]);
});

describe('the population stability index', () => {
  it('is what the definition gives', () => {
    // By hand: shares 0.25 and 0.75 against 0.5 and 0.5, with half a score more in each.
    const [a, b] = [10.5 / 41, 30.5 / 41];
    expect(stabilityIndex([20, 20], [10, 30])).toBeCloseTo((a - 0.5) * Math.log(a / 0.5) + (b - 0.5) * Math.log(b / 0.5), 12);
  });
  it('is 0 of equals, never below, the same either way, and finite where bins are empty', () => {
    const bins = fc.array(fc.nat(10_000), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(bins, bins, (one, other) => {
        const index = stabilityIndex(one, other);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(Number.POSITIVE_INFINITY);
        expect(stabilityIndex(other, one)).toBeCloseTo(index, 9);
        expect(stabilityIndex(one, one)).toBe(0);
      }),
    );
  });
  it('is what a server computes by docs/staleness.md', () => {
    const guide = readFileSync('docs/staleness.md', 'utf8');
    const [program] = guide.match(/^function stabilityIndex[\s\S]*?\n\}\n/m) ?? [];
    const there = new Function(
      `${transformSync(program as string, { loader: 'ts' }).code}; return stabilityIndex;`,
    )() as typeof stabilityIndex;
    for (const counts of [
      [3, 0, 200],
      [0, 0, 0],
      [7, 80, 900],
    ])
      expect(there([5, 60, 700], counts)).toBe(stabilityIndex([5, 60, 700], counts));
  });
  it('of two samples of one thing is what docs/staleness.md claims of chance', () => {
    // A generator of its own, so that the figure is the same each time.
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const draw = (scores: number) => {
      const counts = Array(SCORE_EDGES.length + 1).fill(0) as number[];
      for (let each = 0; each < scores; each++) counts[Math.floor(random() * counts.length)]!++;
      return counts;
    };
    const indices = (scores: number) => Array.from({ length: 400 }, () => stabilityIndex(draw(scores), draw(scores)));
    const least = indices(ENOUGH_ANSWERS);
    const above = (given: readonly number[], threshold: number) => given.filter((index) => index > threshold).length / given.length;
    expect(least.reduce((sum, each) => sum + each, 0) / least.length).toBeCloseTo(0.07, 2);
    // One in six asks for a look, of five hundred none in hundreds.
    expect([above(least, 0.1) * 6, above(least, 0.25), above(indices(500), 0.1)].map((share) => Math.round(share * 10) / 10)).toEqual([
      1, 0, 0,
    ]);
  });
});
