/** Cases on cpu or wasm in a process of its own, which may crash or not end: it is told which, and answers one after another. */
import { readFileSync } from 'node:fs';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { start as startCpu } from '../../src/engines/tfjs/cpu.js';
import { start as startWasm } from '../../src/engines/tfjs/wasm.js';
import { openSuite } from './suite.js';
import { allTrials } from './trials.js';

/** The cases that a process is given, by their places in {@link allTrials}. */
export interface Order {
  readonly backend: 'cpu' | 'wasm';
  readonly places: readonly number[];
}

const binary = readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`);

process.on('message', async ({ backend, places }: Order) => {
  const trials = allTrials();
  const suite = await openSuite(backend, backend === 'cpu' ? startCpu : startWasm, () =>
    backend === 'cpu' ? {} : { binary: new Uint8Array(binary).buffer },
  );
  for (const place of places) {
    const verdict = await suite.verdictOf(trials[place] as (typeof trials)[number]);
    await new Promise<unknown>((resolve) => process.send?.({ place, verdict }, resolve));
  }
  process.disconnect();
});
