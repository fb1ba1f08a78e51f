/** The folders of ONNX's node tests. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpacked } from '../unpacked.js';

/** The folders of all tests, which are unpacked once; undefined where there is no archive. */
export function testFolders(): readonly string[] | undefined {
  const folder = unpacked('onnx-node-tests');
  if (folder === undefined) return undefined;
  const root = join(folder, 'node');
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name));
}
