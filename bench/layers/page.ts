/** The steps of one model, each timed where it stands in a run, and alone. */
import { type CompiledInstance, instantiate } from '../../src/engines/compiled/instance.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { fetched, fetchedData } from '../compiled/fetched-data.js';
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
  const { constants, feeds } = await fetchedData(name, about);
  const instance = await instantiate(await fetched(`/${name}/steps.wasm`), (constant) => constants.get(constant) as Tensor);
  for (let run = 0; run < WARM_UP_RUNS; run++) instance.run(feeds);
  const times = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    // A run gives the inputs, which an output may have replaced.
    instance.run(feeds);
    for (const [index, own] of times.entries()) own.push(timed(() => instance.runStep(index)));
  }
  return {
    bounds: await boundsOf(name),
    steps: steps.map((step, index) => ({ ...step, inRunMs: median(times[index] as number[]), aloneMs: aloneMs(instance, index) })),
  };
}

function aloneMs(instance: CompiledInstance, step: number): number {
  return leastMs(() => instance.runStep(step));
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
