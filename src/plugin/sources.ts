/** Finds the files that a packed model depends on besides those that the packer reads, and waits until they are written. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file that changed within this time may still be written. */
const QUIET_MS = 400;

/** After this time a file that still changes is packed. */
const MAX_WAIT_MS = 10_000;

/**
 * A config file, the modules that it imports and the files that it reads, such as a list of labels: every string in the code that
 * is the relative path of a file.
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

/** Waits until no file has changed just now, since an exporter writes several files one after the other. */
export async function untilWritten(files: Iterable<string>): Promise<void> {
  for (const giveUpMs = Date.now() + MAX_WAIT_MS; Date.now() < giveUpMs; ) {
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
