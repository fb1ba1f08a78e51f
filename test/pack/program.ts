/** `pannier` in a process of its own, bundled from the sources as they are now. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/**
 * Bundles the program into a folder, as `cli.js`.
 * @param entries other files of `src` that the folder should have, by name
 */
export function bundleProgram(folder: string, entries: Readonly<Record<string, string>> = {}): void {
  buildSync({
    entryPoints: { cli: 'apps/cli/index.ts', 'cli-progress': 'apps/cli/progress-thread.ts', ...entries },
    ...{ bundle: true, splitting: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
    outdir: folder,
  });
  copyFileSync('src/pack/golden/golden.png', join(folder, 'golden.png'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

/** Runs the program of a folder to its end. Lines of progress are left out of what it said, since their number is a matter of time. */
export function pannier(
  folder: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
): SpawnSyncReturns<string> {
  const ended = spawnSync(process.execPath, [join(folder, 'cli.js'), ...args], {
    encoding: 'utf8',
    ...options,
    env: { ...process.env, ...options.env },
  });
  return { ...ended, stderr: ended.stderr.replace(/^.*: .*, \d+ s\n/gm, '') };
}
