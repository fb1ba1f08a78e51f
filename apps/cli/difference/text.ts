/** A difference for a terminal: tables whose columns are aligned. */
import { heading, type Paper, plain } from '../print.js';
import type { Difference } from './difference.js';
import { type Line, sectionsOf, titleOf } from './sections.js';

/** The whole text, ending in a line break. */
export function differenceText(difference: Difference, paper: Paper): string {
  const sections = sectionsOf(difference).flatMap(({ title, remark, lines, table }) => [
    '',
    heading(title, paper, text(remark)),
    ...lines.map((line) => `  ${text(line, paper)}`),
    ...(table === undefined ? [] : aligned([table.head.map((cell) => [cell]), ...table.rows], paper)),
  ]);
  return [paper('bold', text(titleOf(difference))), ...sections, ''].join('\n');
}

const text = (line: Line, paper: Paper = (_style, part) => part): string =>
  line.map((span) => (typeof span === 'string' ? span : paper('cyan', plain(span.name)))).join('');

/** Columns as wide as their widest cell: names at the left, numbers at the right, remarks at the end. */
function aligned(rows: readonly (readonly Line[])[], paper: Paper): string[] {
  const [head = [], ...body] = rows;
  const last = head.length - 1;
  const used = head.flatMap((_, column) => (body.some((row) => row[column]?.length) ? [column] : []));
  const widths = used.map((column) => Math.max(...rows.map((row) => text(row[column] as Line).length)));
  return rows.map((row, index) => {
    const cells = used.map((column, at) => {
      const cell = row[column] as Line;
      const space = ' '.repeat((widths[at] as number) - text(cell).length);
      const styled = index === 0 || column === last ? paper('dim', text(cell)) : text(cell, paper);
      return column === 0 || column === last ? `${styled}${space}` : `${space}${styled}`;
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
