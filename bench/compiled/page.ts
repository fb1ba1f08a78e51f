/** One model on all libraries in one page: answers are compared, then all are timed in turns. */
import { calibration, MULTIPLY_FLOP } from '../layers/calibration.js';
import { type Difference, differenceInOrder, differenceOfTwin } from './difference.js';
import { fetched } from './fetched-data.js';
import { type About, type Input, inputsIn, type Open, type OpenModel, type Values } from './libraries/library.js';

/** A block is as many calls as take the slowest library about this long. The fastest call of a block counts. */
const BLOCK_MS = 100;
const [MIN_CALLS, MAX_CALLS] = [3, 25];

/** So long every library runs before anything is timed, since browsers optimise code that runs. */
const WARM_UP_MS = 400;
const MIN_WARM_UP_CALLS = 5;

/** A round whose calibrations are farther from each other than this share is thrown away. */
const MAX_MOVE = 0.05;

/** A time is that of one run in a row of runs which takes at least so long: the clock is exact to 5 µs. */
const MIN_TIMED_MS = 0.5;

/** So many rounds are tried for each that is asked for. */
const TRIES = 4;

interface Library {
  readonly name: string;
  /** The address of its module. */
  readonly module: string;
  /** The model in its own format, or null if it takes what was prepared. */
  readonly file: string | null;
  /** Whether its file came from another converter, and may have its outputs in another order. */
  readonly isTwin?: boolean;
}

/** Loops of fixed work of which the fastest counts, so that a short interruption does not; each takes about two milliseconds. */
const [LOOPS, CALLS_OF_LOOP] = [3, 10];

const { exports } = (await WebAssembly.instantiate(calibration(), { host: { run: () => undefined } })).instance;
const multiply = exports['multiply'] as () => void;

/** The speed of multiplications and additions that stay in registers, in GFLOP/s: how fast this thread computes at the moment. */
function calibrate(): number {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let loop = 0; loop < LOOPS; loop++) {
    const startMs = performance.now();
    for (let call = 0; call < CALLS_OF_LOOP; call++) multiply();
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  return (CALLS_OF_LOOP * MULTIPLY_FLOP) / leastMs / 1e6;
}

/** @returns milliseconds of all calls of the rounds that count, by library; and the differences from the first library */
async function measure(name: string, libraries: readonly Library[], rounds: number, constants: Readonly<Record<string, number>>) {
  const folder = `/${name}`;
  const about: About = await (await fetch(`${folder}/about.json`)).json();
  const inputs = inputsIn(await fetched(`${folder}/inputs.bin`), about.inputs);
  const given = Object.entries(constants).map(
    ([each, value]): Input => ({ name: each, dataType: 'int64', shape: [], data: Int32Array.of(value) as never }),
  );
  const models = new Map<string, OpenModel>();
  for (const { name: library, module, file } of libraries) {
    const { open } = (await import(module)) as { readonly open: Open };
    models.set(library, await open({ folder, file, about, inputs: file === null ? inputs : [...inputs, ...given] }));
  }
  const differences = await compare(models, libraries);
  const timers = new Map<string, () => Promise<number>>();
  let slowestMs = 0;
  for (const [library, model] of models) {
    const leastMs = await warmUp(model);
    slowestMs = Math.max(slowestMs, leastMs);
    const runs = Math.ceil(MIN_TIMED_MS / Math.max(leastMs, 1e-3));
    timers.set(library, () => timeOf(model, runs));
  }
  const calls = Math.min(MAX_CALLS, Math.max(MIN_CALLS, Math.ceil(BLOCK_MS / slowestMs)));
  const timed = await rounded(timers, rounds, calls);
  for (const model of models.values()) model.close();
  return { flops: about.flops, calls, differences, ...timed };
}

/** Runs rounds until so many count. The order of a round is the last one's, turned about by one, so that each library follows each. */
async function rounded(timers: ReadonlyMap<string, () => Promise<number>>, rounds: number, calls: number) {
  const times = Object.fromEntries([...timers.keys()].map((name) => [name, [] as number[][]]));
  const calibrations: number[] = [];
  let [kept, tried] = [0, 0];
  for (; kept < rounds && tried < rounds * TRIES; tried++) {
    const order = [...timers];
    order.push(...order.splice(0, tried % order.length));
    if (tried % 2 === 1) order.reverse();
    const speeds = [calibrate()];
    const blocks: [string, number[]][] = [];
    for (const [name, time] of order) {
      const block: number[] = [];
      for (let call = 0; call < calls; call++) block.push(await time());
      blocks.push([name, block]);
      speeds.push(calibrate());
    }
    calibrations.push(...speeds);
    if (Math.max(...speeds) > Math.min(...speeds) * (1 + MAX_MOVE)) continue;
    for (const [name, block] of blocks) times[name]?.push(block);
    kept++;
  }
  return { times, kept, thrown: tried - kept, peakGflops: Math.max(...calibrations) };
}

/** Milliseconds of one of some runs. */
async function timeOf(model: OpenModel, runs: number): Promise<number> {
  const startMs = performance.now();
  for (let run = 0; run < runs; run++) await model.run();
  return (performance.now() - startMs) / runs;
}

/** @returns milliseconds of the fastest call */
async function warmUp(model: OpenModel): Promise<number> {
  const endMs = performance.now() + WARM_UP_MS;
  let leastMs = Number.POSITIVE_INFINITY;
  for (let call = 0; performance.now() < endMs || call < MIN_WARM_UP_CALLS; call++) leastMs = Math.min(leastMs, await timeOf(model, 1));
  return leastMs;
}

async function compare(models: ReadonlyMap<string, OpenModel>, libraries: readonly Library[]): Promise<Record<string, Difference>> {
  const [ours, ...others] = libraries;
  const answers = async (library: Library | undefined): Promise<readonly Values[]> => (models.get(library?.name ?? '') as OpenModel).run();
  const got = await answers(ours);
  const differences: Record<string, Difference> = {};
  for (const library of others) {
    const wanted = await answers(library);
    differences[library.name] = library.isTwin ? differenceOfTwin(got, wanted) : differenceInOrder(got, wanted);
  }
  return differences;
}

Object.assign(globalThis, { measure });
