/** A difference as headings, lines and tables, which a terminal and a pull request show each in its own way. */
import { shapeText } from '../../../src/base/dtype.js';
import type { ImageSpec } from '../../../src/manifest/manifest.js';
import type { Dim } from '../../../src/manifest/signature.js';
import { number, showCount, titled } from '../print.js';
import type { OutputDifference } from './compare-answers.js';
import type { Costs, Difference } from './difference.js';
import type { Counted } from './downloads.js';
import type { SignatureChange } from './signature.js';

/** A part of a line; `name` is text of a model, which nobody has read over. */
export type Span = string | { readonly name: string };
export type Line = readonly Span[];

/** One part of the whole text. */
export interface Section {
  readonly title: string;
  /** Stands beside the title. */
  readonly remark: Line;
  readonly lines: readonly Line[];
  /** Rows under a row of headings. */
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly Line[])[] };
}

/** The title of the whole: both models. */
export function titleOf({ old, new: now }: Difference): Line {
  const [before, after] = [old, now].map(({ name, version }) => titled(name, version)) as [string, string];
  if (before === after) return [{ name: before }];
  return [{ name: before }, ' → ', { name: old.name === now.name && now.version !== '0' ? now.version : after }];
}

/** Costs, signature and answers. */
export function sectionsOf(difference: Difference): readonly Section[] {
  return [costs(difference), signature(difference), answers(difference)];
}

function costs({ old, new: now, downloads }: Difference): Section {
  const { shards, others, bytes } = downloads;
  const row = (title: string, of: (costs: Costs) => number, show: (value: number) => string): Line[] => [
    [title],
    [show(of(old))],
    [show(of(now))],
    [changeText(of(old), of(now))],
  ];
  const words = (title: string, of: (costs: Costs) => string): Line[][] =>
    of(old) === of(now) ? [] : [[[title], [of(old)], [of(now)], []]];
  const again = [counted(shards, 'shard'), counted(others, 'other file')].join(', ');
  return {
    title: 'Costs',
    remark: [],
    lines: [],
    table: {
      head: ['', 'old', 'new', ''],
      rows: [
        row('first download', (each) => each.bytes, showSize),
        [['update'], [], [bytes === 0 ? 'nothing' : showSize(bytes)], [again]],
        row(
          'work of a call',
          ({ flops }) => flops,
          (flops) => `${showCount(flops)}FLOP`,
        ),
        row('memory', ({ memory }) => memory.weightsBytes + memory.intermediateBytes, showSize),
        ...words('weights', ({ quantized }) => Object.keys(quantized?.kinds ?? {}).join(', ') || 'as in the file'),
        ...words('backends', ({ backends }) => backends.join(', ') || 'none'),
      ],
    },
  };
}

const counted = ({ changed, of }: Counted, thing: string): string => `${changed} of ${of} ${thing}${of === 1 ? '' : 's'}`;

/** Three digits, since a change of a hundredth is worth reading. */
function showSize(bytes: number): string {
  const [size, unit] = bytes < 1e6 ? [1e3, 'kB'] : [1e6, 'MB'];
  const count = bytes / size;
  return `${count >= 100 ? count.toFixed(0) : Number(count.toPrecision(3))} ${unit}`;
}

/** The change as a share of the old value, such as `−49 %`. */
function changeText(old: number, now: number): string {
  if (old === now) return 'the same';
  if (old === 0) return '';
  const share = Math.abs(now - old) / old;
  return `${now < old ? '−' : '+'}${percent(share)}`;
}

/** A share as a percentage of two digits, or of all digits before the point. */
function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1e-4) return 'below 0.0001 %';
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} %`;
}

function signature({ signature: changes }: Difference): Section {
  return { title: 'Signature', remark: changes.length === 0 ? ['the same'] : [], lines: changes.map(signatureLine) };
}

function signatureLine({ side, name, field, old, new: now }: SignatureChange): Line {
  const subject: Line = [`${side} `, { name }];
  if (field === undefined) {
    const { dtype, shape } = (old ?? now) as { readonly dtype: string; readonly shape: readonly Dim[] | null };
    return [...subject, ` ${now === undefined ? 'is gone' : 'is new'}, ${dtype} ${shapeText(shape)}`];
  }
  if (isTexts(old) && isTexts(now)) return [...subject, ': ', { name: field }, ` ${old.length} → ${now.length}`, ...listChange(old, now)];
  return [...subject, ': ', { name: field }, ' ', { name: valueText(field, old) }, ' → ', { name: valueText(field, now) }];
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');

/** Names that are written out; the others are counted. */
const MAX_NAMES = 5;

function listChange(old: readonly string[], now: readonly string[]): Line {
  const gone = old.filter((each) => !now.includes(each));
  const added = now.filter((each) => !old.includes(each));
  if (gone.length + added.length === 0) return [', in another order'];
  return [...namesLine(', without ', gone), ...namesLine(', with ', added)];
}

function namesLine(before: string, names: readonly string[]): Line {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_NAMES).flatMap((name, index): Line => [index === 0 ? before : ', ', { name }]);
  return names.length > MAX_NAMES ? [...shown, ` and ${names.length - MAX_NAMES} more`] : shown;
}

function valueText(field: string, value: unknown): string {
  if (value === undefined) return 'none';
  if (field === 'shape') return shapeText(value as readonly Dim[] | null);
  if (field === 'image') {
    const { width, height, channels } = value as ImageSpec;
    return `picture of ${width} × ${height}, ${channels}`;
  }
  // Scale and offset have a number for each channel, mostly the same one.
  if (Array.isArray(value) && value.every((each) => each === value[0])) return valueText(field, value[0]);
  if (Array.isArray(value))
    return value.length > MAX_NAMES ? `${value.length} values` : `[${value.map((each) => valueText(field, each)).join(', ')}]`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function answers({ answers }: Difference): Section {
  const title = 'Answers';
  if ('reason' in answers) return { title, remark: ['not compared, since ', { name: answers.reason }], lines: [] };
  const rows = Object.entries(answers.outputs).map(([name, output]) => answerRow(name, output));
  return {
    title,
    remark: [`to ${answers.samples} samples, both models on ${answers.backend}`],
    lines: [],
    table: { head: ['', 'largest difference', 'of the spread', 'mean difference', 'same top answer', ''], rows },
  };
}

function answerRow(name: string, { maxAbsDifference, shareOfSpread, meanAbsDifference, sameTop, note }: OutputDifference): Line[] {
  const isOff = maxAbsDifference !== null && maxAbsDifference > 0;
  return [
    [{ name }],
    [isOff ? number(maxAbsDifference) : maxAbsDifference === 0 ? 'none' : 'unknown'],
    isOff ? [percent(shareOfSpread as number)] : [],
    isOff ? [number(meanAbsDifference)] : [],
    sameTop === undefined ? [] : [`${sameTop.same} of ${sameTop.of}`],
    note === undefined ? [] : [{ name: note }],
  ];
}
