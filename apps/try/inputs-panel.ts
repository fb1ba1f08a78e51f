/** The left side: the inputs. Each input has a card, which is made once and then follows the state. */
import { exampleRows } from './column-rows.js';
import { labelled, make, textBox } from './element.js';
import type { Change, Panel } from './panel.js';
import { pictureControls } from './picture-controls.js';
import { randomRows } from './rows.js';
import { type InputState, type State, shapeLabel } from './state.js';

export function inputsPanel(state: State, change: Change): Panel {
  const isFixed = state.about.kind === 'folder';
  const cards = state.inputs.map((input) => inputCard(input, isFixed, change));
  const none = state.inputs.length === 0 ? [make('p', { className: 'soft' }, 'This model takes nothing.')] : [];
  const element = make(
    'section',
    { className: 'panel', ariaLabel: 'Inputs' },
    make('h2', {}, 'Inputs'),
    ...cards.map((card) => card.element),
    ...none,
  );
  return { element, render: () => cards.forEach((card) => void card.render()) };
}

function inputCard(input: InputState, isFixed: boolean, change: Change): Panel {
  const { face, picture } = input;
  const error = make('p', { className: 'error', role: 'alert', hidden: true });
  const warnings = make('ul', { className: 'warnings' });
  const inner = picture === undefined ? rowsControls(input, isFixed, change) : pictureControls(input, picture, isFixed, change);
  const element = make(
    'article',
    { className: 'card', data: { node: face.node } },
    nameRow(input, `${face.dtype} ${shapeLabel(face.shape)}`, 'Input', isFixed, change),
    error,
    inner.element,
    warnings,
  );
  return {
    element,
    render() {
      error.textContent = input.error;
      error.hidden = input.error === '';
      warnings.replaceChildren(...input.warnings.map((text) => make('li', {}, text)));
      inner.render();
    },
  };
}

/** A card's heading: the name that apps will use, and the node that it names. */
export function nameRow(
  named: { name: string; readonly face: { readonly node: string } },
  spec: string,
  side: 'Input' | 'Output',
  isFixed: boolean,
  change: Change,
): HTMLElement {
  const onText = (text: string, finished: boolean) => {
    named.name = text;
    change(finished ? 'asked' : 'drawn');
  };
  const box = textBox(named.name, onText, { className: 'name', readOnly: isFixed });
  return make('header', { className: 'named' }, labelled(`${side} ${named.face.node}`, box), make('code', { className: 'spec' }, spec));
}

function rowsControls(input: InputState, isFixed: boolean, change: Change): Panel {
  const { face } = input;
  const area = make('textarea', { rows: 6, spellcheck: false, className: 'rows' });
  area.addEventListener('input', () => {
    input.rows = area.value;
    change('drawn');
  });
  area.addEventListener('change', () => change('asked'));
  let seed = 1;
  const random = make('button', { type: 'button', className: 'button' }, 'Random values');
  random.addEventListener('click', () => {
    fillRandomly(input, seed++);
    change('asked');
  });
  const sizes =
    input.sizes === undefined || isFixed
      ? []
      : [
          labelled(
            'Sizes to try it with',
            textBox(input.sizes, (text, finished) => {
              input.sizes = text;
              change(finished ? 'asked' : 'drawn');
            }),
            'The model leaves them open; the packer tests backends with these.',
          ),
        ];
  const element = make(
    'div',
    { className: 'stack' },
    ...sizes,
    ...(isFixed ? [] : columnsControl(input, change)),
    labelled(`Numbers for ${face.name}`, area, 'A table as copied from a spreadsheet or a CSV file, or JSON.'),
    make('div', { className: 'row' }, random),
  );
  return {
    element,
    render() {
      // A field that has the focus is not overwritten.
      if (document.activeElement !== area && area.value !== input.rows) area.value = input.rows;
    },
  };
}

/** The editor that makes rows of named cells out of rows of numbers. */
function columnsControl(input: InputState, change: Change): HTMLElement[] {
  if (input.columns === undefined) return [];
  const area = make('textarea', { rows: 4, spellcheck: false, placeholder: EXAMPLE });
  area.addEventListener('input', () => {
    input.columns = area.value;
    change('drawn');
  });
  area.addEventListener('change', () => change('asked'));
  const hint =
    'An array as in a config, or JSON, in the order of training. Rows then have cells by name, and the packed model scales and encodes them.';
  return [make('details', {}, make('summary', {}, 'Its values are columns of a table'), labelled('Columns', area, hint))];
}

const EXAMPLE = "[{ name: 'area', mean: 120, std: 35 },\n { name: 'kind', categories: ['house', 'flat'] }]";

/** Random rows of a table. */
const ROWS = 3;

/** Most values that are written into a text field. */
const MOST = 100_000;

/** Random numbers of a shape that the model takes. */
export function fillRandomly(input: InputState, seed: number): void {
  const { dtype, shape } = input.face;
  if (input.rowsOf !== undefined) {
    input.rows = exampleRows(input.rowsOf, shape?.length === 2 && shape[0] === null ? ROWS : 1, seed);
    return;
  }
  const said = (input.sizes ?? '')
    .split(/[,\s]+/)
    .filter((size) => size !== '')
    .map(Number);
  const sizes = input.sizes === undefined ? (shape ?? [1]).map((size) => size ?? 1) : said;
  const count = sizes.reduce((product, size) => product * size, 1);
  input.rows = count >= 1 && count <= MOST ? randomRows(dtype, sizes, seed) : '';
}
