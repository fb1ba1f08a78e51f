/** Shows the time of the last predict: one bar of five colours, its legend, and the statistics of many predicts. */
import type { Stats, Timing } from 'pannier';
import { element } from '../element.js';
import { ms } from '../numbers.js';

const PHASES = {
  queued: ({ queuedMs }: Timing) => queuedMs,
  prepare: ({ prepareMs }: Timing) => prepareMs,
  transfer: ({ transferMs }: Timing) => transferMs,
  compute: ({ computeMs }: Timing) => computeMs,
  read: ({ readMs }: Timing) => readMs,
};

/** Shows no numbers while nothing was predicted, so that none of another backend stay. */
export function clearTiming(): void {
  for (const segment of document.querySelectorAll<HTMLElement>('.bar [data-phase]')) segment.hidden = true;
  for (const number of document.querySelectorAll('.legend dd, #total, #p50, #rate, #count, #where')) number.textContent = '–';
}

export function showTiming(timing: Timing, { p50Ms, perSecond, count }: Stats): void {
  element('#total').textContent = ms(timing.totalMs);
  element('#cold').hidden = !timing.cold;
  for (const [phase, of] of Object.entries(PHASES)) {
    const part = of(timing);
    const segment = element(`.bar [data-phase=${phase}]`);
    segment.style.flexGrow = String(part ?? 0);
    // Even a segment without width has gaps beside it.
    segment.hidden = (part ?? 0) < 0.05;
    element(`.legend [data-phase=${phase}] dd`).textContent = part === undefined ? 'in compute' : ms(part);
  }
  element('#p50').textContent = ms(p50Ms);
  element('#rate').textContent = perSecond === undefined ? '–' : perSecond.toFixed(perSecond < 10 ? 1 : 0);
  element('#count').textContent = count.toLocaleString('en');
}
