/** Small libraries in C beside this file: preloaded into a browser, they answer in place of what it asks. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** Path of the library of a name, compiled anew; undefined where this machine is no Linux with a C compiler. */
export function preloadable(name: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  mkdirSync('.cache', { recursive: true });
  const library = resolve(`.cache/${name}.so`);
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, `test/harness/${name}.c`, '-ldl']);
  return status === 0 ? library : undefined;
}
