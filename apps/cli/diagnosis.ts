/** The doctor's findings as text for a terminal of any width. */

import { BACKENDS } from '../../src/base/backend-name.js';
import { shapeText } from '../../src/base/dtype.js';

import type { ModelFacts } from './examine.js';
import { bar, heading, milliseconds, type Paper, plain, showBytes, showCount, titled } from './print.js';
import type { Trials } from './trial.js';

export interface Diagnosis {
  readonly facts: ModelFacts;
  /** The packer's message for each limit of its budget that the model exceeds. */
  readonly overBudget: readonly string[];
  /** Undefined if nothing was run. */
  readonly trials: Trials | undefined;
}

/** How many kinds of ops are named; the others are summed up. */
const MAX_OPS = 6;
/** Nodes that compute nothing. */
const NO_OPS = new Set(['Const', 'Placeholder', 'NoOp']);
/** The width of the text if the output is no terminal, and the largest width in one. */
const WIDTH = 100;

/** The whole text, ending in a line break. */
export function showDiagnosis({ facts, overBudget, trials }: Diagnosis, paper: Paper, columns = WIDTH): string {
  const { name, version, flops, bytes, memory, controlFlow, quantized, compiled } = facts;
  const { inputs, outputs } = facts.signature;
  const width = Math.max(40, Math.min(columns, WIDTH));
  const sizes = [
    ['download', showBytes(bytes), quantized === undefined ? '' : `weights as ${Object.keys(quantized.kinds).join(', ')}`],
    [
      'memory',
      showBytes(memory.weightsBytes + memory.intermediateBytes),
      `weights ${showBytes(memory.weightsBytes)}, values ${showBytes(memory.intermediateBytes)}`,
    ],
    ['work', `${showCount(flops)}FLOP`, controlFlow ? 'a call; the graph has loops or branches' : 'a call'],
    ...(compiled.moduleBytes === null ? [] : [['module', showBytes(compiled.moduleBytes), besideModule(compiled)] as const]),
  ] as const;
  const sides = { takes: inputs, gives: outputs };
  const widest = Math.max(...Object.values(sides).flatMap((side) => Object.keys(side).map((each) => plain(each).length)));
  const lines = Object.entries(sides).flatMap(([what, side]) =>
    Object.entries(side).map(([each, { dtype, shape, ...rest }]) => {
      const type = `${dtype} ${shapeText(shape)}${'image' in rest ? ', a picture' : ''}`;
      return { what, each: plain(each), type };
    }),
  );
  // If one of them is too long for a line, all of them take two lines.
  const isNarrow = lines.some(({ type }) => widest + type.length + 11 > width);
  const specs = lines.map(
    ({ what, each, type }) => `  ${what}  ${paper('cyan', each.padEnd(widest))}${isNarrow ? '\n         ' : '  '}${type}`,
  );
  return [
    paper('bold', titled(name, version)),
    '',
    ...specs,
    '',
    ...sizes.map(([what, size, rest]) => `  ${what.padEnd(8)}  ${size.padStart(10)}${rest === '' ? '' : paper('dim', `  ${rest}`)}`),
    ...(compiled.reason === null ? [] : ['', ...wrap(`not compiled: ${plain(compiled.reason)}`, width - 2).map((part) => `  ${part}`)]),
    ...overBudget.flatMap((each) => ['', ...wrap(`over budget: ${plain(each)}`, width - 2).map((part) => `  ${paper('yellow', part)}`)]),
    '',
    ...showOps(facts, paper, width),
    '',
    ...(trials === undefined ? showSupport(facts, paper) : showTrials(facts, trials, paper, width)),
    '',
  ].join('\n');
}

/** Says where a module runs, and which operations JavaScript computes beside it. */
const besideModule = ({ hostOps }: ModelFacts['compiled']): string =>
  hostOps.length === 0 ? 'compiled, for wasm' : `compiled, for wasm; JavaScript computes ${hostOps.join(', ')}`;

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

function showOps({ ops }: ModelFacts, paper: Paper, width: number): string[] {
  const sorted = Object.entries(ops)
    .filter(([op]) => !NO_OPS.has(op))
    .sort(([, one], [, other]) => other - one);
  const shown = sorted.slice(0, MAX_OPS);
  const widest = Math.max(0, ...shown.map(([op]) => op.length));
  const most = Math.max(1, ...shown.map(([, count]) => count));
  const room = Math.max(0, Math.min(24, width - widest - 14));
  const rest = sorted.slice(MAX_OPS).reduce((sum, [, count]) => sum + count, 0);
  return [
    heading(
      'Ops',
      paper,
      `${counted(
        sorted.reduce((sum, [, count]) => sum + count, 0),
        'node',
      )} of ${counted(sorted.length, 'kind')}`,
    ),
    ...shown.map(([op, count]) =>
      `  ${op.padEnd(widest)}  ${String(count).padStart(6)}  ${paper('cyan', bar(count / most, room))}`.trimEnd(),
    ),
    ...(rest === 0 ? [] : [paper('dim', `  ${'others'.padEnd(widest)}  ${String(rest).padStart(6)}`)]),
  ];
}

function showSupport({ backends }: ModelFacts, paper: Paper): string[] {
  return [
    heading('Backends', paper, 'which of them can run the model; --run tries them'),
    `  ${''.padEnd(6)}      ${paper('dim', 'offline')}`,
    ...BACKENDS.map((backend) => {
      const { supported, reason, offlineBytes } = backends[backend];
      const mark = supported ? paper('green', '✓') : paper('red', '✗');
      const refused = reason === null ? '' : `  ${plain(reason)}`;
      return `${mark} ${backend.padEnd(6)}  ${showBytes(offlineBytes).padStart(9)}${refused}`;
    }),
  ];
}

function showTrials({ backends }: ModelFacts, { backends: trials, browser }: Trials, paper: Paper, width: number): string[] {
  const where = browser === null ? '' : `${plain(browser.name)}, seeded random input`;
  const times = BACKENDS.flatMap((backend) => trials[backend].p50Ms ?? []);
  const slowest = Math.max(1e-9, ...times);
  const room = Math.max(0, Math.min(20, width - 58));
  const lines = BACKENDS.flatMap((backend) => {
    const { ran, maxRelError, coldMs, p50Ms, reason, runs } = trials[backend];
    const mark = ran ? paper('green', '✓') : paper('red', '✗');
    const cells = [showBytes(backends[backend].offlineBytes), ...(ran ? [showError(backend, maxRelError), ms(coldMs), ms(p50Ms)] : [])];
    const line = `${mark} ${backend.padEnd(6)}  ${cells.map((cell) => cell.padStart(9)).join('  ')}`;
    const drawn = ran && room > 3 ? `  ${paper('cyan', bar((p50Ms ?? 0) / slowest, room))}` : '';
    const software = backend === 'webgpu' && ran && browser?.adapter?.software === true;
    const asides = [
      ...(reason === null ? [] : wrap(plain(reason), width - 10).map((each) => paper('red', each))),
      ...(software ? wrap(softwareNote(plain(browser.adapter.name), runs), width - 10).map((each) => paper('yellow', each)) : []),
    ];
    return [`${line}${drawn}`.trimEnd(), ...asides.map((aside) => `          ${aside}`)];
  });
  const titles = ['offline', 'off cpu', 'cold', 'a call'].map((title) => title.padStart(9)).join('  ');
  return [heading('Backends', paper, where), paper('dim', `          ${titles}`), ...lines];
}

const softwareNote = (adapter: string, runs: number): string =>
  `in software here (${adapter}), ${runs} call${runs === 1 ? '' : 's'}: right or wrong, not fast or slow`;

/** Lines of at most so many characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

const ms = (value: number | null): string => (value === null ? '' : milliseconds(value));

/** An error as a share of the largest value, rounded to a digit or two. */
function showError(backend: string, error: number | null): string {
  if (backend === 'cpu') return 'reference';
  if (error === null) return 'unknown';
  return error === 0 ? '0' : error >= 1e-3 ? `${(error * 100).toPrecision(2)} %` : error.toExponential(0);
}
