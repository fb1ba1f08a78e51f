/** Cases on cpu or wasm in a process of its own, which may crash or not end: it is told which, and answers one after another. */
import { OPEN } from './node-suites.js';
import { allTrials } from './trials.js';

/** The cases that a process is given, by their places in {@link allTrials}. */
export interface Order {
  readonly backend: 'cpu' | 'wasm';
  readonly places: readonly number[];
}

process.on('message', async ({ backend, places }: Order) => {
  const trials = allTrials();
  const suite = await OPEN[backend]();
  for (const place of places) {
    const verdict = await suite.verdictOf(trials[place] as (typeof trials)[number]);
    await new Promise<unknown>((resolve) => process.send?.({ place, verdict }, resolve));
  }
  process.disconnect();
});
