/** A bar chart of ratios as SVG: for each row a bar for each series, with its interval. It fits a phone, and follows the page's colours. */

const WIDTH = 400;
const MARGIN = 12;
/** Room for the number behind the longest bar. */
const NUMBER_WIDTH = 44;
const BAR = 12;
const GAP = 2;
/** Height of a row's name, and of the room below its bars. */
const [NAME, BELOW] = [18, 8];
/** Height of a line of the title or the legend. */
const LINE = 18;

/** A bar beyond this ratio ends here, and its number says what it would reach. */
const MAX_RATIO = 6;

/** Colours of series, on light and on dark pages. */
const COLOURS = [
  ['#d9822b', '#b8691a'],
  ['#4a94cf', '#2f79b5'],
  ['#4fa673', '#348255'],
  ['#a07cc5', '#8560ad'],
];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; stroke: #ffffff; stroke-width: 4px; paint-order: stroke }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 12px }
  .page { fill: #ffffff }
  line { stroke: #1f2328 }
  .one { stroke-dasharray: 3 3; stroke-opacity: .7 }
  .grid { stroke-opacity: .15 }
  ${COLOURS.map(([light], index) => `.series${index} { fill: ${light} }`).join(' ')}
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; stroke: #0d1117 } line { stroke: #e6edf3 } .page { fill: #0d1117 }
    ${COLOURS.map(([, dark], index) => `.series${index} { fill: ${dark} }`).join(' ')}
  }`;

/**
 * @param {{ title: string, lines: readonly string[], series: readonly { key: string, title: string, colour: number }[],
 *   rows: readonly { name: string, bars: Readonly<Record<string, { median: number, interval?: readonly [number, number] }>> }[] }} chart
 *   `lines` stand below the title, `colour` is a place among the colours; a row has bars of the series that it has values for
 * @returns the text of the file
 */
export function barChart({ title, lines, series, rows }) {
  const values = rows.flatMap(({ bars }) => Object.values(bars).map(({ median, interval }) => interval?.[1] ?? median));
  const most = Math.min(MAX_RATIO, Math.max(...values));
  const x = (ratio) => MARGIN + (Math.min(ratio, most) / most) * (WIDTH - 2 * MARGIN - NUMBER_WIDTH);
  const head = [`<text class="title" x="${MARGIN}" y="${MARGIN + 13}">${escaped(title)}</text>`];
  let y = MARGIN + LINE + 6;
  for (const line of lines) {
    head.push(`<text class="small" x="${MARGIN}" y="${y + 10}">${escaped(line)}</text>`);
    y += LINE;
  }
  for (const each of series) {
    head.push(`<rect class="series${each.colour}" x="${MARGIN}" y="${y}" width="${BAR}" height="${BAR}"/>`);
    head.push(`<text class="small" x="${MARGIN + BAR + 6}" y="${y + 10}">${escaped(each.title)}</text>`);
    y += LINE;
  }
  const top = y + 4;
  const body = [];
  y = top;
  for (const { name, bars } of rows) {
    body.push(`<text x="${MARGIN}" y="${y + 13}">${escaped(name)}</text>`);
    y += NAME;
    for (const { key, colour } of series) {
      if (bars[key] === undefined) continue;
      body.push(...barOf(bars[key], colour, y, x, most));
      y += BAR + GAP;
    }
    y += BELOW;
  }
  const grid = Array.from({ length: Math.floor(most) }, (_, index) => index + 1).map((ratio) => {
    const place = x(ratio).toFixed(1);
    return `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${place}" x2="${place}" y1="${top}" y2="${y}"/>
<text class="small" x="${place}" y="${y + 14}" text-anchor="middle">${ratio}</text>`;
  });
  const height = y + LINE + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH * 1.5}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}"/>
${[...head, ...grid, ...body].join('\n')}
</svg>
`;
}

/** One bar, the line of its interval, and its number. */
function barOf({ median, interval }, colour, y, x, most) {
  const middle = y + BAR / 2;
  const end = Math.max(x(median), interval === undefined ? 0 : x(interval[1]));
  const whisker =
    interval === undefined || median > most
      ? []
      : [`<line x1="${x(interval[0]).toFixed(1)}" x2="${x(interval[1]).toFixed(1)}" y1="${middle}" y2="${middle}"/>`];
  return [
    `<rect class="series${colour}" x="${MARGIN}" y="${y}" width="${(x(median) - MARGIN).toFixed(1)}" height="${BAR}"/>`,
    ...whisker,
    `<text class="small" x="${(end + 5).toFixed(1)}" y="${y + 10}">${median.toFixed(median < 10 ? 2 : 1)}${median > most ? ' →' : ''}</text>`,
  ];
}

const escaped = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
