/** A difference as Markdown, for the text of a pull request. */
import { plain } from '../print.js';
import type { Difference } from './difference.js';
import { type Line, sectionsOf, titleOf } from './sections.js';

/** The whole text, ending in a line break. */
export function differenceMarkdown(difference: Difference): string {
  const sections = sectionsOf(difference).flatMap(({ title, remark, lines, table }) => [
    '',
    `**${title}**${remark.length === 0 ? '' : `: ${markdown(remark)}`}`,
    ...(lines.length === 0 && table === undefined ? [] : ['']),
    ...lines.map((line) => `* ${markdown(line)}`),
    ...(table === undefined ? [] : tableLines(table.head, table.rows)),
  ]);
  return [`### ${markdown(titleOf(difference))}`, ...sections, ''].join('\n');
}

function tableLines(head: readonly string[], rows: readonly (readonly Line[])[]): string[] {
  const used = head.flatMap((_, column) => (rows.some((row) => row[column]?.length) ? [column] : []));
  const last = head.length - 1;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [
    line(used.map((column) => head[column] as string)),
    `|${used.map((column) => (column === 0 || column === last ? '---' : '---:')).join('|')}|`,
    // GitHub splits rows at a bar before it looks for code, and takes it for text with a backslash before it.
    ...rows.map((row) => line(used.map((column) => markdown(row[column] as Line).replaceAll('|', '\\|')))),
  ];
}

const markdown = (line: Line): string => line.map((span) => (typeof span === 'string' ? span : code(plain(span.name)))).join('');

/** Text in which nothing is a link, a mention or markup. It stands between more backticks than it has in a row. */
function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}
