/** The DevTools track of an app's predicts. */
import type { Timing } from './timing.js';

/**
 * Writes one call as a `performance.measure` on a DevTools track of its own and clears the entry at once,
 * because entries that are kept cost memory for as long as the page lives.
 */
export function traceCall(model: string, startMs: number, timing: Timing): void {
  const name = `${model} predict`;
  const devtools = {
    dataType: 'track-entry',
    track: 'pannier',
    properties: Object.entries(timing).map(([key, value]) => [key, String(value)]),
  };
  performance.measure(name, { start: startMs, duration: timing.totalMs, detail: { devtools } });
  performance.clearMeasures(name);
}
