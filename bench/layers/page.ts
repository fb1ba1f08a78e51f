/** The steps of one model, each timed where it stands in a run, and alone. */
import { importHostParts } from '../../src/engines/compiled/import-host-parts.js';
import { loadModule, type ModuleExports } from '../../src/engines/compiled/load-module.js';
import { CompiledSession } from '../../src/engines/compiled/session.js';
import { WeightLoader } from '../../src/engines/compiled/weight-loader.js';
import { feedsFor, fetched } from '../compiled/fetched-data.js';
import { COPY_BYTES, MULTIPLY_FLOP } from './calibration.js';
import type { StepWork } from './prepare.js';

const WARM_UP_RUNS = 30;

/** A loop of one step takes at least so long, which the clock measures to a hundredth. */
const MIN_LOOP_MS = 0.5;
const LOOPS = 7;

/** Milliseconds of each step in a run (the median) and alone (the least), and the bounds of this machine in operations and bytes a second. */
async function measureLayers(name: string, rounds: number) {
  const about = await (await fetch(`/${name}/about.json`)).json();
  const steps: readonly StepWork[] = about.steps;
  const module = await loadModule(name, await fetched(`/${name}/steps.wasm`), () => importHostParts(undefined));
  new WeightLoader(module).add(await fetched(`/${name}/weights.bin`));
  const session = new CompiledSession(name, module, () => undefined);
  const feeds = feedsFor(about);
  const run = () => session.run({ feeds, outputs: [], deadlineMs: 60_000 });
  for (let call = 0; call < WARM_UP_RUNS; call++) await run();
  const runStep = (index: number): void => (module.exports[`step ${index}`] as ModuleExports['run'])(module.plan.arenaAddress);
  const times = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    // A run gives the inputs, which an output may have replaced.
    await run();
    for (const [index, own] of times.entries()) own.push(timed(() => runStep(index)));
  }
  return {
    bounds: await boundsOf(name),
    steps: steps.map((step, index) => ({ ...step, inRunMs: median(times[index] as number[]), aloneMs: leastMs(() => runStep(index)) })),
  };
}

/** The least time of a call, over loops that are long enough for the clock. */
function leastMs(call: () => void): number {
  call();
  const calls = Math.max(1, Math.ceil(MIN_LOOP_MS / Math.max(timed(call), 1e-3)));
  const loop = (): void => {
    for (let count = 0; count < calls; count++) call();
  };
  return Math.min(...Array.from({ length: LOOPS }, () => timed(loop))) / calls;
}

async function boundsOf(name: string): Promise<{ readonly flopPerSecond: number; readonly bytesPerSecond: number }> {
  const { instance } = await WebAssembly.instantiate(await fetched(`/${name}/calibration.wasm`), { host: { run: () => {} } });
  const { multiply, copy } = instance.exports as Record<string, () => void>;
  return {
    flopPerSecond: MULTIPLY_FLOP / (leastMs(multiply as () => void) / 1000),
    bytesPerSecond: COPY_BYTES / (leastMs(copy as () => void) / 1000),
  };
}

function timed(call: () => void): number {
  const startMs = performance.now();
  call();
  return performance.now() - startMs;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

Object.assign(globalThis, { measureLayers });
