/** The files that a packed model hangs on beside those that the packer reads, and whether they have come to rest. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Files that changed within this time are still being written. */
const QUIET_MS = 400;

/** A file that never rests is packed as it is. */
const PATIENCE_MS = 10_000;

/**
 * A config file, the modules that it imports and whatever else it names, such as a list of labels that it
 * reads: every text in it that is the relative path of a file, wherever it stands.
 */
export async function namedFiles(file: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(file)) return found;
  found.add(file);
  const text = /\.[cm]?[jt]s$/.test(file) ? await readFile(file, 'utf8').catch(() => '') : '';
  const named = new Set([...text.matchAll(/(['"`])([^'"`\n]{1,512})\1/g)].map(([, , path = '']) => resolve(dirname(file), path)));
  for (const path of named) {
    const isFile = await stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isFile) await namedFiles(path, found);
  }
  return found;
}

/** Waits until none of the files was changed just now: an exporter writes many, and not at once. */
export async function settled(files: Iterable<string>): Promise<void> {
  for (const giveUpMs = Date.now() + PATIENCE_MS; Date.now() < giveUpMs; ) {
    const changes = await Promise.all(
      Array.from(files, (file) =>
        stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    );
    const ages = changes.map((mtimeMs) => Date.now() - mtimeMs).filter((ageMs) => ageMs >= 0);
    const youngestMs = Math.min(...ages, QUIET_MS);
    if (youngestMs >= QUIET_MS) return;
    await sleep(QUIET_MS - youngestMs + 1);
  }
}
