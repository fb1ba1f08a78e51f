/** Shows the faces that were found. */
import { element } from '../element.js';
import { percent } from '../numbers.js';
import { NOSE_TIP } from './contours.js';
import type { Face, Point } from './finder.js';

/** A row for each face: how sure the detector is, how wide the face is, and where the tip of its nose is. */
export function showFaces(faces: readonly Face[]): void {
  element('#faces').replaceChildren(
    ...faces.map(({ score, box, points }, index) => {
      const row = document.createElement('tr');
      const nose = points[NOSE_TIP] as Point;
      const texts = [`Face ${index + 1}`, percent(score), box.width.toFixed(), `${nose.x.toFixed()}, ${nose.y.toFixed()}`];
      row.append(...texts.map((text, column) => cell(column === 0 ? 'th' : 'td', text)));
      return row;
    }),
  );
}

function cell(kind: 'th' | 'td', textContent: string): HTMLElement {
  const made = Object.assign(document.createElement(kind), { textContent });
  if (kind === 'th') made.setAttribute('scope', 'row');
  return made;
}
