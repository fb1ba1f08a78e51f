/** One writer at a time for a folder, among all threads and processes; a lock whose owner is gone holds nobody up. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The lock: a folder that holds one file, whose name is its owner's. */
export const LOCK = '.pannier-lock';

/** An owner says this often that it still works, and is taken for gone after a silence of ten times as long. */
const BEAT_MS = 2_000;

const LOOK_MS = 20;

/** What renaming a folder to one that is not empty fails with; on Windows, any that is there. */
const TAKEN = ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'EBUSY'];

/**
 * Does `work` while nobody else does any for that folder.
 * @param beatMs for tests
 */
export async function whileLocked<T>(folder: string, work: () => Promise<T>, beatMs = BEAT_MS): Promise<T> {
  const owner = `${process.pid}-${randomUUID()}`;
  const lock = join(folder, LOCK);
  await take(folder, owner, 10 * beatMs);
  const beat = setInterval(() => void utimes(join(lock, owner), new Date(), new Date()).catch(() => undefined), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await release(lock, owner);
  }
}

/** Whether a process is no more, or the number is none of a process. */
export function hasEnded(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/** The lock gets its name with its owner within, so that no moment knows a lock without one. */
async function take(folder: string, owner: string, patienceMs: number): Promise<void> {
  const lock = join(folder, LOCK);
  const unnamed = join(folder, `.pannier-${owner}.lock`);
  try {
    await mkdir(unnamed);
    await writeFile(join(unnamed, owner), '');
    let seen: string | undefined;
    for (let sinceMs = performance.now(); ; await sleep(LOOK_MS)) {
      const taken = await rename(unnamed, lock).catch((thrown: NodeJS.ErrnoException) => thrown);
      if (taken === undefined) return;
      if (!TAKEN.includes(taken.code ?? '')) throw taken;
      const { holder, beat } = await look(lock);
      if (beat !== seen) sinceMs = performance.now();
      seen = beat;
      const isSilent = performance.now() - sinceMs > patienceMs;
      if (isSilent && holder === undefined) throw taken;
      if (isSilent || holder === undefined || hasEnded(Number.parseInt(holder, 10))) await release(lock, holder);
    }
  } catch (thrown) {
    await rm(unnamed, { recursive: true, force: true });
    throw thrown;
  }
}

async function look(lock: string): Promise<{ holder: string | undefined; beat: string }> {
  const [holder] = await readdir(lock).catch(() => []);
  const stats = holder === undefined ? undefined : await stat(join(lock, holder)).catch(() => undefined);
  return { holder, beat: `${holder} ${stats?.mtimeMs}` };
}

/** Takes away one owner's lock and nobody else's: a folder that holds another's by now is not empty, and stays. */
async function release(lock: string, owner: string | undefined): Promise<void> {
  if (owner !== undefined) await rm(join(lock, owner), { force: true });
  await rmdir(lock).catch(() => undefined);
}
