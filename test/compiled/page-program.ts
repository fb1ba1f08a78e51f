/** Cases of the relaxed build in a page, since Node has no relaxed SIMD. */
import { allCases } from '../kernels/cases.js';
import { attentionCases } from './attention-cases.js';
import { problemsOf } from './compiled.js';

/** Tries every so many-th case. @returns how many were tried, and what is off */
async function problemsOfRelaxed(every: number): Promise<{ readonly tried: number; readonly problems: readonly string[] }> {
  const cases = [...allCases(), ...attentionCases().cases].filter((_, place) => place % every === 0);
  const problems: string[] = [];
  for (const each of cases) problems.push(...(await problemsOf(each, 'relaxed')));
  return { tried: cases.length, problems };
}

Object.assign(globalThis, { problemsOfRelaxed });
