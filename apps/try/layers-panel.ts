/** The layers of the packed model: the sizes of each, and the graph as text. Both come when they are opened. */
import { make } from './element.js';
import type { Panel } from './panel.js';
import { bytesText } from './size-text.js';
import type { State } from './state.js';
import type { Layers } from './wire.js';

/** Most rows of the table: a browser lays out thousands of them for seconds. */
const MAX_ROWS = 1_000;

export function layersPanel(state: State): Panel {
  const rows = make('tbody');
  const rest = make('p', { className: 'soft' });
  const heads = ['layer, and what it gives', 'weights'].map((head) => make('th', { scope: 'col' }, head));
  const table = make('table', {}, make('thead', {}, make('tr', {}, ...heads)), rows);
  const text = make('pre', { id: 'graph', tabIndex: 0, ariaLabel: 'The graph as text' });
  const sizes = make('details', {}, make('summary', {}, 'Sizes'), make('div', { className: 'scroll', tabIndex: 0 }, table), rest);
  const graph = make('details', {}, make('summary', {}, 'The graph as text'), text);
  const problem = make('p', { className: 'error', role: 'status', hidden: true });
  const element = make(
    'section',
    { className: 'panel layers', ariaLabel: 'Layers', hidden: true },
    make('h2', {}, 'Layers'),
    make('div', { className: 'card' }, sizes, graph, problem),
  );
  let shown: string | undefined;
  const show = async () => {
    const url = state.packed?.url;
    if (url === undefined || url === shown || !(sizes.open || graph.open)) return;
    shown = url;
    const layers = await readLayers(url);
    // The model may have been packed anew meanwhile.
    if (shown !== url) return;
    problem.hidden = layers !== undefined;
    problem.textContent = problem.hidden ? '' : 'The layers did not come. Is pannier try still running in its terminal?';
    const { rows: all, text: whole } = layers ?? { rows: [], text: '' };
    const most = Math.max(1, ...all.map(({ weightBytes }) => weightBytes));
    rows.replaceChildren(...all.slice(0, MAX_ROWS).map((row) => rowOf(row, most)));
    rest.textContent = all.length > MAX_ROWS ? `and ${all.length - MAX_ROWS} more` : '';
    text.textContent = whole;
  };
  for (const each of [sizes, graph]) each.addEventListener('toggle', () => void show());
  return {
    element,
    render() {
      element.hidden = state.packed === undefined;
      void show();
    },
  };
}

async function readLayers(url: string): Promise<Layers | undefined> {
  try {
    const response = await fetch(url.replace(/[^/]*$/, 'layers.json'));
    return response.ok ? ((await response.json()) as Layers) : undefined;
  } catch {
    return undefined;
  }
}

/** @param most bytes of the largest layer, which fills its bar */
function rowOf({ op, name, gives, weightBytes }: Layers['rows'][number], most: number): HTMLElement {
  const level = make('span', { className: 'level' });
  level.style.width = `${(weightBytes / most) * 100}%`;
  const weights = weightBytes === 0 ? [] : [bytesText(weightBytes), make('span', { className: 'track', ariaHidden: 'true' }, level)];
  const layer = make('th', { scope: 'row' }, make('b', {}, op), ' ', make('code', {}, gives), make('small', {}, name));
  return make('tr', {}, layer, make('td', {}, ...weights));
}
