/** The packer compiled to plain JavaScript, for tests that need a process of their own. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;

/** Compiles `src/pack` and `apps/cli` into a folder. */
export function compileProgram(folder: string): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(root, 'src/pack/tsconfig.json'), '--outDir', folder, '--declaration', 'false'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc failed: ${stdout}`);
  copyFileSync(join(root, 'src/pack/golden/golden.png'), join(folder, 'src/pack/golden/golden.png'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

/** Runs `pannier` as users do. */
export const pannier = (
  folder: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [join(folder, 'apps/cli/index.js'), ...args], {
    encoding: 'utf8',
    ...options,
    env: { ...process.env, ...options.env },
  });
