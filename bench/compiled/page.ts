/** One model on both engines in one page: answers are compared, then both are timed in turns. */
import { start as startCompiled } from '../../src/engines/compiled/wasm.js';
import { start } from '../../src/engines/tfjs/wasm.js';
import { feedsFor, fetched } from './fetched-data.js';

/** Calls of a block, of which the fastest counts. */
const CALLS = 5;
const WARM_UP_CALLS = 10;

let engine: ReturnType<typeof start> | undefined;

type Run = () => Promise<readonly ArrayLike<number>[]>;

/** Milliseconds of the fastest call of each block, by side, and how far the answers are from each other as a share of the largest one. */
async function measure(name: string, rounds: number) {
  const about = await (await fetch(`/${name}/about.json`)).json();
  const feeds = feedsFor(about);
  const sides: Record<string, Run> = {};
  const compiled = await startCompiled({});
  for (const build of ['simd', 'relaxed']) {
    const [graph, weights] = await Promise.all([fetched(`/${name}/${build}.wasm`), fetched(`/${name}/weights.bin`)]);
    const opened = await compiled.open({ name, graph, weights: [weights], controlFlow: false });
    sides[build] = async () => {
      const { outputs } = await opened.run({ feeds, outputs: about.outputs.compiled, deadlineMs: 60_000 });
      return outputs.map(({ data }) => data);
    };
  }
  engine ??= start({ binary: await fetched('/tfjs.wasm') });
  const session = await (await engine).open({
    ...{ name, graph: await fetched(`/${name}/tfjs.json`), weights: [await fetched(`/${name}/tfjs.bin`)], controlFlow: false },
  });
  sides['tfjs'] = async () => {
    const { outputs } = await session.run({ feeds, outputs: about.outputs.tfjs, deadlineMs: 60_000 });
    return outputs.map(({ data }) => data);
  };
  const answers = Object.fromEntries(await Promise.all(Object.entries(sides).map(async ([side, run]) => [side, await run()] as const)));
  for (let call = 0; call < WARM_UP_CALLS; call++) for (const run of Object.values(sides)) await run();
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
  for (let round = 0; round < rounds; round++) {
    const order = Object.entries(sides);
    for (const [side, run] of round % 2 === 0 ? order : order.reverse()) times[side]?.push(await fastest(run));
  }
  session.dispose();
  compiled.dispose();
  return { times, difference: differenceOf(answers['relaxed'] as never, answers['tfjs'] as never) };
}

async function fastest(run: Run): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let call = 0; call < CALLS; call++) {
    const startMs = performance.now();
    await run();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

function differenceOf(got: readonly ArrayLike<number>[], wanted: readonly ArrayLike<number>[]): number {
  const shares = wanted.map((values, output) => {
    let [most, largest] = [0, 1e-6];
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      largest = Math.max(largest, Math.abs(value));
      most = Math.max(most, Math.abs(value - (got[output]?.[index] as number)));
    }
    return most / largest;
  });
  return Math.max(...shares);
}

Object.assign(globalThis, { measure });
