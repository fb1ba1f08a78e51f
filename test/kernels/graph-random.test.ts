/** What holds for every graph, tried with random ones: written for TF.js, they answer on its cpu backend as the reference does. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mulberry32 } from '../../src/base/random.js';
import type { Engine } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import { readGraph, writeGraph } from '../../src/graph/file.js';
import { randomFeeds, randomGraph } from '../fixtures/random-graph.js';
import { LONG_MS, runs } from '../tier.js';
import { differencesOf } from './noise.js';

let engine: Engine;
beforeAll(async () => {
  engine = await start({});
});
afterAll(() => engine.dispose());

/** TF.js has neither int64 nor float16: it computes with fewer or more bits. */
const DATA_TYPES = ['float32', 'int32', 'bool', 'uint8', 'int8', 'int16'] as const;

it(
  'random graphs answer on TF.js as the reference does',
  async () => {
    const count = runs(100_000, 300);
    let refused = 0;
    const wrong: string[] = [];
    for (let seed = 0; seed < count; seed++) {
      const { json, bytes } = writeGraph(randomGraph(seed, { dataTypes: DATA_TYPES }));
      const graph = readGraph({ json: JSON.parse(JSON.stringify(json)), bytes });
      const feeds = Object.fromEntries(randomFeeds(graph, seed));
      const differences = await differencesOf(graph, feeds, engine, mulberry32(seed));
      if (differences === 'refused') refused++;
      else wrong.push(...differences.map((each) => `seed ${seed}: ${each}`));
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeLessThan(count / 6);
  },
  LONG_MS,
);
