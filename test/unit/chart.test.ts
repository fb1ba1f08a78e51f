/** The chart of benchmarks: bars are as long as their ratios say. */
import { expect, test } from 'vitest';
import { barChart } from '../../bench/chart.mjs';

const series = [
  { key: 'one', title: 'Rival <1>', colour: 0 },
  { key: 'two', title: 'Rival 2', colour: 2 },
];

const chartOf = (rows: { name: string; bars: Record<string, { median: number; interval?: [number, number] }> }[]) =>
  barChart({ title: 'Title', lines: [], series, rows });

/** Widths of the bars, in order; the legend's squares are as wide as bars are high. */
const widthsOf = (svg: string) =>
  [...svg.matchAll(/<rect class="series\d" [^>]*? width="([\d.]+)" height="12"/g)].slice(series.length).map(([, width]) => Number(width));

test('bars are in proportion, and a row leaves out a series without a value', () => {
  const svg = chartOf([
    { name: 'a', bars: { one: { median: 4 }, two: { median: 2, interval: [1, 3] } } },
    { name: 'b', bars: { two: { median: 1 } } },
  ]);
  const [four, two, one, ...others] = widthsOf(svg);
  expect(others).toEqual([]);
  expect([four! / one!, two! / one!]).toEqual([expect.closeTo(4, 1), expect.closeTo(2, 1)]);
});

test('a bar beyond the last ratio ends there, and says what it would reach', () => {
  const svg = chartOf([{ name: 'a', bars: { one: { median: 24 }, two: { median: 6 } } }]);
  const [cut, six] = widthsOf(svg);
  expect(cut).toBe(six);
  expect(svg).toContain('>24.0 →<');
});

test('signs of markup in names are text', () => {
  const svg = chartOf([{ name: 'a & b', bars: { one: { median: 1 } } }]);
  expect(svg).toContain('Rival &#60;1&#62;');
  expect(svg).toContain('a &#38; b');
});
