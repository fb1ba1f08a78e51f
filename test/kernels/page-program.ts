/** Cases on webgpu in a page. */
import { start } from '../../src/engines/tfjs/webgpu.js';
import type { KernelCase } from './case.js';
import { allCases } from './cases.js';
import type { Verdict } from './run.js';
import { openSuite, type Suite } from './suite.js';

let suite: Promise<Suite> | undefined;

/** The verdicts of cases, by their places in {@link allCases}. */
export async function verdictsOf(places: readonly number[]): Promise<readonly Verdict[]> {
  suite ??= openSuite('webgpu', start, () => ({}));
  const { verdictOf } = await suite;
  const verdicts: Verdict[] = [];
  for (const place of places) verdicts.push(await verdictOf(allCases()[place] as KernelCase));
  return verdicts;
}

Object.assign(globalThis, { verdictsOf });
