/** Test files of others, which are no part of the repository: archives of them lie beside it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ARCHIVES = process.env['PANNIER_DATA'] ?? '../shared/data';

/** The folder that an archive `NAME.tar.xz` is unpacked into, once; undefined where there is no archive. */
export function unpacked(name: string): string | undefined {
  const archive = join(ARCHIVES, `${name}.tar.xz`);
  if (!existsSync(archive)) return undefined;
  const folder = join('.cache', name);
  const isFresh = existsSync(folder) && statSync(folder).mtimeMs >= statSync(archive).mtimeMs;
  if (!isFresh) unpack(archive, folder);
  return folder;
}

function unpack(archive: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = spawnSync('tar', ['-xJf', archive, '-C', folder], { encoding: 'utf8' });
  if (status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`${archive} cannot be unpacked: ${stderr}`);
}
