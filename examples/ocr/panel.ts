/** Shows the lines that were read. */
import { element } from '../element.js';
import { percent } from '../numbers.js';
import { type Box, inRows } from './boxes.js';
import type { Line } from './reader.js';

/** Shows the lines in reading order, a row of the picture in a row of the list. @param choose gets the box of the line under the pointer, or none */
export function showLines(lines: readonly Line[], choose: (box: Box | undefined) => void): void {
  element('#lines').replaceChildren(
    ...inRows(lines).map((row) => {
      const item = document.createElement('li');
      item.append(...row.map((line) => textOf(line, choose)));
      return item;
    }),
  );
}

/** The text as it is copied. */
export const plainText = (lines: readonly Line[]): string =>
  inRows(lines)
    .map((row) => row.map(({ text }) => text).join(' '))
    .join('\n');

function textOf({ text, score, box }: Line, choose: (box: Box | undefined) => void): HTMLElement {
  const shown = document.createElement('span');
  const said = document.createElement('b');
  said.textContent = text;
  const sure = document.createElement('small');
  sure.textContent = percent(score);
  shown.append(said, sure);
  shown.addEventListener('pointerenter', () => choose(box));
  shown.addEventListener('pointerleave', () => choose(undefined));
  return shown;
}
