/** Lets one writer at a time, among all threads and processes, write a folder. A lock whose owner has ended is taken over. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The lock is a folder with one file, whose name is the owner's. */
export const LOCK = '.pannier-lock';

/** An owner touches its file this often. A file that is ten times as old belongs to an owner that has ended. */
const BEAT_MS = 2_000;

const LOOK_MS = 20;

/** Errors of renaming a folder to one that is not empty; on Windows, to any that exists. */
const TAKEN = ['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'EBUSY'];

/**
 * Runs `work` while it holds the lock of a folder.
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

/** Whether a process has ended, or no process has the number. */
export function hasEnded(pid: number): boolean {
  try {
    return !process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/** The lock is made under another name with its owner in it, and renamed, so that there never is a lock without an owner. */
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

/** Removes the lock of one owner. A folder that another owner has taken meanwhile is not empty, and stays. */
async function release(lock: string, owner: string | undefined): Promise<void> {
  if (owner !== undefined) await rm(join(lock, owner), { force: true });
  await rmdir(lock).catch(() => undefined);
}
