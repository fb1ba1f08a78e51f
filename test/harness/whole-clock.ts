/** A visit some days later, for a whole browser: its pages, its workers, its service workers, and all that it does by the date itself. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const LIBRARY = resolve('.cache/whole-clock.so');

/** Whether this machine can: a Linux with a C compiler. `./clock.ts` can everywhere, for pages and their workers. */
export function hasWholeClock(): boolean {
  if (process.platform !== 'linux') return false;
  mkdirSync('.cache', { recursive: true });
  return spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', LIBRARY, 'test/harness/whole-clock.c', '-ldl']).status === 0;
}

/** Has every browser that `start` starts live so much later. */
export async function laterForAll<T>(shiftMs: number, start: () => Promise<T>): Promise<T> {
  Object.assign(process.env, { LD_PRELOAD: LIBRARY, CLOCK_SHIFT_S: String(Math.round(shiftMs / 1_000)) });
  try {
    return await start();
  } finally {
    delete process.env['LD_PRELOAD'];
    delete process.env['CLOCK_SHIFT_S'];
  }
}
