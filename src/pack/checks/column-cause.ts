/** Other preprocessings of rows that training may have used, tried when a golden check fails. */
import { describe } from '../../base/describe.js';
import type { Cell } from '../../manifest/signature.js';

import type { ChangeColumns } from '../samples/feeds.js';
import type { GivenRows } from '../samples/given.js';
import type { Attempt, Cause } from './attempt.js';

interface Alternative {
  readonly kind: 'numbers' | 'categories';
  readonly told: string;
  readonly change: ChangeColumns;
}

/** Most categorical columns that are also changed alone, and most categories that a message lists. */
const TRIED = 8;
const LISTED = 10;

/**
 * Looks for columns under which a failed check would agree: means or deviations left out, categories in
 * another order, alone and together.
 * @param attempt runs the check with each input's columns changed
 * @param nodes by input: the node, which is how a message names the input's options
 */
export async function findColumnCause(
  attempt: (change: ChangeColumns) => Promise<Attempt>,
  tables: readonly GivenRows[],
  nodes: Readonly<Record<string, string>>,
): Promise<Cause> {
  const places = tables.map(({ name }) => `inputs["${nodes[name]}"].columns`).join(' and ');
  const all = alternatives(tables);
  const pairs = all.flatMap((one, at) => all.slice(at + 1).flatMap((other) => (other.kind === one.kind ? [] : [[one, other]])));
  for (const taken of [...all.map((one) => [one]), ...pairs]) {
    const { agrees } = await attempt((declared, input) => taken.reduce((columns, { change }) => change(columns, input), declared));
    const told = taken.map((each) => each.told).join(' and ');
    if (agrees) return { agrees, told: `With ${told} it agrees: if training did that, say so in ${places}.` };
  }
  return {
    agrees: false,
    told: `Mean, std and the order of columns and categories are the preprocessing of rows: compare ${places} with training. It agrees neither without mean or std nor with categories sorted or reversed; if these are right, are both files of one run of this very model?`,
  };
}

function alternatives(tables: readonly GivenRows[]): Alternative[] {
  const numbers = (told: string, change: { readonly mean?: 0; readonly std?: 1 }): Alternative => ({
    ...{ kind: 'numbers', told },
    change: (columns) => columns.map((column) => ('categories' in column ? column : { ...column, ...change })),
  });
  const categorical = tables.flatMap(({ name, spec }) =>
    spec.columns.flatMap((column) => ('categories' in column ? [{ input: name, name: column.name, categories: column.categories }] : [])),
  );
  const ordered = (order: typeof sorted, said: string, only?: (typeof categorical)[number]): Alternative => ({
    kind: 'categories',
    told:
      only === undefined
        ? `every column's categories ${said}`
        : `the categories of ${describe(only.name)} ${said}, ${listed(order(only.categories))},`,
    change: (columns, input) =>
      columns.map((column) => {
        const isMeant = only === undefined || (only.input === input && only.name === column.name);
        return isMeant && 'categories' in column ? { ...column, categories: order(column.categories) } : column;
      }),
  });
  const orders = (only?: (typeof categorical)[number]) => [
    ordered(sorted, 'sorted', only),
    ordered((categories) => categories.toReversed(), 'reversed', only),
  ];
  return [
    numbers('std left out', { std: 1 }),
    numbers('mean left out', { mean: 0 }),
    numbers('mean and std left out', { mean: 0, std: 1 }),
    ...(categorical.length > 1 ? orders() : []),
    ...categorical.slice(0, TRIED).flatMap(orders),
  ];
}

/** Sorts categories as Python does: numbers by size, strings by their characters. */
const sorted = (categories: readonly Cell[]): readonly Cell[] =>
  [...categories].sort((a, b) => (typeof a === 'string' && typeof b === 'string' ? (a < b ? -1 : 1) : Number(a) - Number(b)));

const listed = (categories: readonly Cell[]): string =>
  `[${categories.slice(0, LISTED).map(describe).join(', ')}${categories.length > LISTED ? ', …' : ''}]`;
