/** Where surfaces that read files put them; the program removes it when it ends. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns a folder of that name, which is there */
export function folderOf(name: string): string {
  const folder = join(process.env['PANNIER_FUZZ_FOLDER'] ?? tmpdir(), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
