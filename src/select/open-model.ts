/** Opens a model on the first target that is right, and tells what came out about the others. */

import { type Candidate, FALLBACK, isSameTarget, reasonsOf, type Target } from '../api/candidate.js';
import { PannierError } from '../base/errors.js';
import { lazily } from '../base/lazily.js';
import { now } from '../base/timing.js';
import type { ModelDownload } from '../download/download-model.js';
import { rowOf } from '../engines/registry.js';
import type { Instance, Opened } from '../runtime/served-model.js';
import { attempt, type OpenContext, type Role } from './attempt.js';
import { fits, isEligible } from './eligible.js';
import { firstRight } from './first-right.js';

/** How long the first target has to itself, once the bytes are there, before a second one is tried beside it. */
const PATIENCE_MS = 5_000;

/** The timing of a download that no engine has used. */
const UNUSED_DOWNLOAD = { totalMs: 0, hashMs: 0, cache: 'off' } as const;

/** How a model is opened. */
export interface OpenOptions {
  readonly role: Exclude<Role, 'challenger'>;
  /** The download that is under way for the first eligible target, if there is one; later targets start others. */
  readonly download: ModelDownload | undefined;
  /** When the load or the reopening began. */
  readonly beganMs: number;
  readonly signal: AbortSignal;
}

/**
 * @param targets in the order in which they are tried
 * @throws {PannierError} `backend-unavailable` if no target is right and the app has no fallback; what the download failed with
 */
export async function openModel(targets: readonly Target[], context: OpenContext, options: OpenOptions): Promise<Opened> {
  const { download, beganMs } = options;
  const first = targets.find((target) => isEligible(target, context.manifest, context.resolved));
  let isUnused = download !== undefined;
  const start = (target: Target, stop: AbortSignal) => {
    if (download === undefined || !isUnused || target.engine !== first?.engine) return context.downloads.start(target, stop);
    isUnused = false;
    return download;
  };
  const found = await tryRounds(targets, { ...context, downloads: { start } }, options).finally(() => {
    if (isUnused) download?.cancel();
  });
  const instance = found.instance ?? (await fallbackInstance(found.selection, context));
  const fallback: Candidate = { ...FALLBACK, state: instance.backend === 'fallback' ? 'chosen' : 'untried' };
  const selection = context.resolved.fallback === undefined ? found.selection : [...found.selection, fallback];
  noteRefusedWasm(selection, context);
  const { totalMs: weightsMs, hashMs, cache } = download === undefined || isUnused ? UNUSED_DOWNLOAD : await download.whole;
  const { startMs = 0, openMs = 0, goldenMs = 0 } = selection.find(({ state }) => state === 'chosen') ?? {};
  return { instance, selection, loadTiming: { totalMs: now() - beganMs, weightsMs, hashMs, startMs, openMs, goldenMs, cache } };
}

/** First the targets that are raced, then the others, then those that were left alone, tried anyway. */
async function tryRounds(targets: readonly Target[], context: OpenContext, { role, download, beganMs, signal }: OpenOptions) {
  const { manifest, resolved } = context;
  const leftAlone: Target[] = [];
  let selection: readonly Candidate[] = targets.map((target) => ({ ...target, state: 'untried' }));
  const tryOnce = async (target: Target, stop: AbortSignal) => {
    // Only the first target's engine was asked for before this.
    const wantedSinceMs = target === targets[0] ? beganMs : now();
    const tried = await attempt(target, context, { role, wantedSinceMs, signal: stop });
    if ('refused' in tried && tried.isLeftAlone) leftAlone.push(target);
    return tried;
  };
  const tryAnyway = (target: Target, stop: AbortSignal) =>
    attempt(target, context, { role, wantedSinceMs: now(), isForced: true, signal: stop });
  const round = async (some: readonly Target[], tryOne: typeof tryOnce, patience: Promise<unknown> = never()) => {
    const { instance, selection: outcomes } = await firstRight(some, tryOne, patience, signal);
    selection = selection.map((each) => outcomes.find((other) => isSameTarget(other, each)) ?? each);
    return instance;
  };

  // An order that the app gave is kept.
  const isLate = (target: Target) => resolved.auto && target !== targets[0] && !rowOf(target).isRaced;
  // On the page's thread two attempts would only slow each other down.
  const mayOvertake = resolved.auto && resolved.thread !== 'page' && fits(manifest, resolved, 2) && download !== undefined;
  const over = new AbortController();
  const patience = mayOvertake ? after(download.whole, PATIENCE_MS, over.signal) : never();
  try {
    const early = targets.filter((target) => !isLate(target));
    let instance = (await round(early, tryOnce, patience)) ?? (await round(targets.filter(isLate), tryOnce));
    // A target that failed before is better than no answer.
    if (resolved.fallback === undefined) instance ??= await round(leftAlone, tryAnyway);
    return { instance, selection };
  } finally {
    over.abort();
  }
}

/** A page that works looks at no `selection`: it is told that it works more slowly than it might. */
function noteRefusedWasm(selection: readonly Candidate[], { note }: OpenContext): void {
  const wasm = selection.find(({ backend, state }) => backend === 'wasm' && state === 'refused');
  const serving = selection.find(({ state }) => state === 'chosen')?.backend;
  if (wasm !== undefined && serving === 'cpu')
    note('wasm-refused', `The model runs on cpu, which is slower than wasm. wasm: ${wasm.reason}`);
}

/** The app's own function in place of an engine. */
async function fallbackInstance(selection: readonly Candidate[], { manifest, resolved: { fallback } }: OpenContext): Promise<Instance> {
  if (fallback === undefined) {
    const message = `No backend can run this model here. ${reasonsOf(selection)}`;
    throw new PannierError('backend-unavailable', message, { selection });
  }
  // Only apps that need the fallback download its code.
  const { openFallback } = await lazily(() => import('../predict/fallback.js'));
  return openFallback(manifest, fallback);
}

/** A new one each time, since a promise keeps everything that has ever waited for it. */
const never = () => new Promise<never>(() => undefined);

/** Resolves so long after `event` has come. */
async function after(event: Promise<unknown>, waitMs: number, signal: AbortSignal): Promise<void> {
  await event.catch(never);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    if (signal.aborted) clearTimeout(timer);
  });
}
