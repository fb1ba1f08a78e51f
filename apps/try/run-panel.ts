/** The run: the backend and the reasons, the timing, and the packer's warnings. */
import { choice, labelled, make } from './element.js';
import type { Panel } from './panel.js';
import { bytesText } from './size-text.js';
import type { State } from './state.js';

const PHASES = {
  queued: 'behind earlier calls',
  prepare: 'inputs to tensors',
  transfer: 'to the worker and back',
  compute: 'the model itself',
  read: 'outputs out of the backend',
} as const;

const TIMES = 10;

export function runPanel(state: State, onBackend: () => void, onRepeat: (times: number) => void): Panel {
  const said = state.about.backend === 'auto' ? 'the best that agrees' : `the best of ${state.about.backend.join(', ')}`;
  const backend = choice({ auto: said, webgpu: 'WebGPU', wasm: 'Wasm', cpu: 'CPU' }, state.backend, (value) => {
    state.backend = value;
    onBackend();
  });
  const repeat = make('button', { type: 'button', className: 'button' }, `Run ${TIMES} times`);
  repeat.addEventListener('click', () => onRepeat(TIMES));
  const total = make('p', { className: 'total' });
  const bar = make('div', { className: 'bar', ariaHidden: 'true' });
  const legend = make('dl', { className: 'legend' });
  const candidates = make('ul', { className: 'said' });
  const facts = make('p', { className: 'soft' });
  const warnings = make('ul', { className: 'warnings' });
  const element = make(
    'section',
    { className: 'panel ran', ariaLabel: 'How it ran' },
    make('h2', {}, 'How it ran'),
    make(
      'div',
      { className: 'card columns' },
      make('div', { className: 'stack' }, total, bar, legend, make('div', { className: 'row' }, repeat)),
      make('div', { className: 'stack' }, labelled('Backend', backend), candidates, facts, warnings),
    ),
  );
  return {
    element,
    render() {
      const { prediction, stats, loaded, packed } = state;
      renderTiming(prediction?.timing, stats, total, bar, legend);
      repeat.disabled = prediction === undefined;
      candidates.replaceChildren(
        ...(loaded?.selection ?? []).map(({ backend: name, state: what, reason, startMs = 0, openMs = 0, goldenMs = 0 }) => {
          const ready = `ready in ${(startMs + openMs + goldenMs).toFixed()} ms, agrees with the golden sample`;
          const text = { chosen: ready, slower: reason ?? 'slower', refused: reason ?? 'refused', untried: 'not needed' }[what];
          return make('li', { data: { state: what } }, make('strong', {}, name), make('span', {}, text));
        }),
      );
      const { flops } = packed?.manifest ?? {};
      const size = packed?.bytes === undefined ? [] : [`${bytesText(packed.bytes)} packed`];
      const work = flops === undefined ? [] : [`${(flops / 1e6).toFixed(flops < 1e7 ? 2 : 0)} MFLOP a call`];
      const load = loaded?.loadTiming === undefined ? [] : [`loaded in ${loaded.loadTiming.totalMs.toFixed()} ms`];
      facts.textContent = [...size, ...work, ...load].join(', ');
      const told = [...(packed?.warnings ?? []), ...(loaded?.notes ?? []).map(({ message }) => message)];
      warnings.replaceChildren(...told.map((text) => make('li', {}, text)));
    },
  };
}

function renderTiming(
  timing: NonNullable<State['prediction']>['timing'] | undefined,
  stats: State['stats'],
  total: HTMLElement,
  bar: HTMLElement,
  legend: HTMLElement,
): void {
  if (timing === undefined) {
    total.replaceChildren('No call yet.');
    bar.replaceChildren();
    legend.replaceChildren();
    return;
  }
  const median =
    stats?.p50Ms === undefined ? '' : `; the median of ${stats.count - stats.coldCount} warm calls is ${stats.p50Ms.toFixed(1)} ms`;
  const cold = timing.cold ? ', the first of its shape' : '';
  total.replaceChildren(make('b', {}, timing.totalMs.toFixed(1)), ` ms on ${timing.backend}${cold}${median}`);
  const parts = Object.entries(PHASES).map(([phase, what]) => ({ phase, what, ms: timing[`${phase as keyof typeof PHASES}Ms`] }));
  bar.replaceChildren(
    ...parts.map(({ phase, ms = 0 }) => {
      const part = make('span', { data: { phase } });
      part.style.flexGrow = String(ms);
      return part;
    }),
  );
  legend.replaceChildren(
    ...parts.map(({ phase, what, ms }) =>
      make(
        'div',
        { data: { phase } },
        make('dt', {}, phase, make('small', {}, what)),
        make('dd', {}, ms === undefined ? 'within compute' : `${ms.toFixed(1)} ms`),
      ),
    ),
  );
}
