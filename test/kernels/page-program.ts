/** Cases on webgpu in a page. */
import { start } from '../../src/engines/tfjs/webgpu.js';
import type { Verdict } from './run.js';
import { openSuite, type Suite } from './suite.js';
import { allTrials } from './trials.js';

let suite: Promise<Suite> | undefined;

/** Verdicts, by the places of their trials in {@link allTrials}. */
export async function verdictsOf(places: readonly number[]): Promise<readonly Verdict[]> {
  suite ??= openSuite('webgpu', start, () => ({}));
  const { verdictOf } = await suite;
  const verdicts: Verdict[] = [];
  const trials = allTrials();
  for (const place of places) verdicts.push(await verdictOf(trials[place] as (typeof trials)[number]));
  return verdicts;
}

Object.assign(globalThis, { verdictsOf });
