/** Prints a prediction for people: aligned, and coloured on a terminal only. */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Started } from '../../src/pack/checks/browser.js';
import type { PageOutput, Report } from './page.js';

/** Puts a style on a text, or leaves it as it is. */
export type Paper = (style: 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan', text: string) => string;

/** Colours where a person looks. */
export function onPaper({ isTTY }: { readonly isTTY?: boolean }): Paper {
  const { NO_COLOR, TERM } = process.env;
  return isTTY === true && !NO_COLOR && TERM !== 'dumb' ? styleText : (_style, text) => text;
}

/** One line, without what would move a terminal's cursor: names and reasons come from files. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .trim();

/** Shows one line of progress at a time; `''` takes it away. Nothing where nobody looks. */
export function statusLine(stream: NodeJS.WriteStream): (text: string) => void {
  if (!stream.isTTY) return () => undefined;
  return (text) => void stream.write(`\r\u001b[K${plain(text).slice(0, (stream.columns || 80) - 1)}`);
}

/** All of it, ending in a line break. */
export function showReport(report: Report, started: Started, paper: Paper): string {
  const { name, version, backend, thread, notes, images } = report;
  const adapter = backend === 'webgpu' && started.adapter !== undefined ? ` on ${plain(started.adapter.name)}` : '';
  const where = thread === 'worker' ? 'in a worker' : "in the page's thread";
  return [
    `${paper('bold', titled(name, version))}  ${backend}${adapter}, ${where}, ${plain(started.name)}`,
    '',
    heading('Backends', paper),
    ...candidates(report, paper),
    '',
    heading('Outputs', paper, 'of the first call'),
    ...Object.entries(images).map(([input, { width, height, sourceWidth, sourceHeight }]) =>
      paper('dim', `  ${plain(input)}: ${sourceWidth} × ${sourceHeight} picture as ${width} × ${height}`),
    ),
    ...Object.entries(report.outputs).flatMap(([output, tensor]) => showOutput(output, tensor, paper)),
    '',
    ...times(report, paper, started),
    ...notes.map(({ code, message }) => paper('yellow', `note ${code}: ${plain(message)}`)),
    '',
  ].join('\n');
}

/** A model's name, with the version where one was given: the packer writes 0 for none. */
export const titled = (name: string, version: string): string => plain(version === '0' ? name : `${name} ${version}`);

/** A line above lines, with a remark. */
export const heading = (text: string, paper: Paper, rest = ''): string =>
  paper('bold', text) + (rest === '' ? '' : paper('dim', `  ${rest}`));

const STATES = { chosen: 'green', slower: 'dim', refused: 'red', untried: 'dim' } as const;

function candidates({ selection }: Report, paper: Paper): string[] {
  return selection.map(({ backend, state, reason, startMs, openMs, goldenMs, goldenShareOff, p50Ms }) => {
    const spans = Object.entries({ start: startMs, open: openMs, 'golden sample': goldenMs, 'a call': p50Ms }).flatMap(([stage, ms]) =>
      ms === undefined ? [] : [`${stage} ${milliseconds(ms)}`],
    );
    if (goldenShareOff !== undefined && goldenShareOff > 0) spans.push(`${(goldenShareOff * 100).toFixed(2)} % of it off`);
    const why = [...(reason === undefined ? [] : [plain(reason)]), ...(spans.length === 0 ? [] : [paper('dim', spans.join(', '))])].join(
      '  ',
    );
    return `  ${backend.padEnd(6)}  ${paper(STATES[state], state.padEnd(7))}  ${why}`.trimEnd();
  });
}

/** Rows of the last axis that are shown, and values where there are no such rows. */
const ROWS = 5;
const VALUES = 8;

function showOutput(name: string, { dtype, shape, data, size, min, max, nonFinite, top }: PageOutput, paper: Paper): string[] {
  const range = min === null || max === null ? '' : min === max ? `, all ${number(min)}` : `, ${number(min)} to ${number(max)}`;
  const broken = nonFinite === 0 ? '' : paper('red', `, ${nonFinite} not finite`);
  const head = `  ${paper('cyan', plain(name))}  ${dtype} [${shape.join(', ')}]  ${size} value${size === 1 ? '' : 's'}${range}${broken}`;
  if (top !== undefined) {
    const widest = Math.max(0, ...top.map(({ label }) => plain(label).length));
    const highest = Math.max(1, ...top.map(({ score }) => score));
    return [
      head,
      ...top.map(({ label, score }) => `    ${plain(label).padEnd(widest)}  ${number(score).padStart(10)}  ${bar(score / highest, 24)}`),
    ];
  }
  const columns = shape.at(-1) ?? 1;
  // Narrow rows are points, boxes and the like.
  const isRows = columns >= 2 && columns <= VALUES && size > columns;
  const across = isRows ? columns : VALUES;
  const count = isRows ? Math.min(ROWS, Math.floor(data.length / columns)) : 1;
  const lines = Array.from({ length: count }, (_, row) =>
    data
      .slice(row * across, (row + 1) * across)
      .map((value) => number(value).padStart(10))
      .join(' '),
  );
  const left = size - Math.min(size, count * across);
  const more = left > 0 ? `      … ${left} more` : undefined;
  return [head, ...(size === 0 ? [] : lines.map((line) => `  ${line}`)), ...(more === undefined ? [] : [paper('dim', more)])];
}

const PHASES = ['queued', 'prepare', 'transfer', 'compute', 'read'] as const;

function times({ timing, stats, loadTiming, runs, backend }: Report, paper: Paper, started: Started): string[] {
  const software =
    backend === 'webgpu' && started.adapter?.software === true ? `; WebGPU runs in software here, ask for more with --runs N` : '';
  const calls = `${runs} call${runs === 1 ? '' : 's'}${stats.coldCount === 0 ? '' : `, ${stats.coldCount} of them cold`}${software}`;
  const phases = PHASES.map((phase) => {
    const ms = timing[`${phase}Ms`];
    if (ms === undefined) return `  ${phase.padEnd(8)}  ${paper('dim', 'within compute')}`;
    return `  ${phase.padEnd(8)}  ${milliseconds(ms).padStart(10)}  ${paper('cyan', bar(ms / timing.totalMs, 30))}`.trimEnd();
  });
  const { p50Ms, p90Ms, p99Ms, perSecond } = stats;
  const ranks = Object.entries({ p50: p50Ms, p90: p90Ms, p99: p99Ms }).flatMap(([rank, ms]) =>
    ms == null ? [] : [`${rank} ${milliseconds(ms)}`],
  );
  const rate = perSecond == null ? [] : [`${number(perSecond)} per second`];
  const { totalMs, weightsMs, startMs, openMs, goldenMs, cache } = loadTiming;
  const stages = Object.entries({ weights: weightsMs, start: startMs, open: openMs, 'golden sample': goldenMs });
  return [
    heading('Time', paper, calls),
    `  ${'a call'.padEnd(8)}  ${milliseconds(timing.totalMs).padStart(10)}  ${paper('dim', runs === 1 ? 'the only one' : 'the one in the middle')}`,
    ...phases,
    ...(runs === 1 || ranks.length === 0 ? [] : [`  ${[...ranks, ...rate].join(', ')}`]),
    `  ${'load'.padEnd(8)}  ${milliseconds(totalMs).padStart(10)}  ${paper('dim', stages.map(([stage, ms]) => `${stage} ${milliseconds(ms)}`).join(', '))}`,
    `  ${'bytes'.padEnd(8)}  ${showBytes(stats.bytesDownloaded).padStart(10)} fetched, ${showBytes(stats.bytesFromCache)} from the cache (${cache}), ${showBytes(stats.bytesResident)} of weights in memory`,
  ];
}

const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A share of 1 as a bar in eighths of a character. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(eighths >> 3) + BLOCKS[eighths & 7];
}

/** Rounded to what is worth reading. */
export const milliseconds = (ms: number): string => (ms >= 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(ms < 100 ? 1 : 0)} ms`);

/** Decimal units, as download sizes have. */
export const showBytes = (count: number): string => (count < 1e5 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`);

/** Thousands and millions as letters, for a unit that follows. */
export function showCount(count: number): string {
  const [size, letter] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return count < 1e3 ? `${count} ` : `${(count / size).toFixed(1)} ${letter}`;
}

/** A number with four digits that matter. */
export function number(value: number | null): string {
  if (value === null) return 'no number';
  if (value === 0 || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : value.toFixed(Math.max(0, 3 - Math.floor(Math.log10(size))));
}
