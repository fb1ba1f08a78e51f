/** ONNX's node tests, which are no part of the repository: an archive of them lies beside it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ARCHIVE = process.env['PANNIER_DATA'] ?? '../shared/data';
const UNPACKED = '.cache/onnx-node-tests';

/** The folders of all tests, which are unpacked once; undefined where there is no archive. */
export function testFolders(): readonly string[] | undefined {
  const archive = join(ARCHIVE, 'onnx-node-tests.tar.xz');
  if (!existsSync(archive)) return undefined;
  const isFresh = existsSync(UNPACKED) && statSync(UNPACKED).mtimeMs >= statSync(archive).mtimeMs;
  if (!isFresh) unpack(archive);
  const root = join(UNPACKED, 'node');
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name));
}

function unpack(archive: string): void {
  rmSync(UNPACKED, { recursive: true, force: true });
  mkdirSync(UNPACKED, { recursive: true });
  const { status, stderr } = spawnSync('tar', ['-xJf', archive, '-C', UNPACKED], { encoding: 'utf8' });
  if (status === 0) return;
  rmSync(UNPACKED, { recursive: true, force: true });
  throw new Error(`${archive} cannot be unpacked: ${stderr}`);
}
