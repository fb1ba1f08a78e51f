/** A visit some days later, for a whole browser: its pages, its workers, its service workers, and all that it does by the date itself. */
import { preloadable } from './preload.js';

const library = preloadable('whole-clock');

/** Whether this machine can; `./clock.ts` can everywhere, for pages and their workers. */
export const hasWholeClock = library !== undefined;

/** Has every browser that `start` starts live so much later. */
export async function laterForAll<T>(shiftMs: number, start: () => Promise<T>): Promise<T> {
  Object.assign(process.env, { LD_PRELOAD: library, CLOCK_SHIFT_S: String(Math.round(shiftMs / 1_000)) });
  try {
    return await start();
  } finally {
    delete process.env['LD_PRELOAD'];
    delete process.env['CLOCK_SHIFT_S'];
  }
}
