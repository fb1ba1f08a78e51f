/**
 * Races the backends in idle time: every other target that is right against the one that serves, one after another. A
 * faster one takes over between two calls, and the outcome is remembered for the next visits. Android's Acceleration
 * Service does the same: with the app's own model, and outside of the page's thread.
 */

import { FALLBACK, isSameTarget } from '../api/candidate.js';
import { pause, QUIET_MS, whenIdle } from '../base/idle.js';
import { toBytes } from '../base/json.js';
import { withDeadline } from '../base/promise.js';
import { requestAdapter } from '../engines/adapter.js';
import { adapterName } from '../engines/adapter-info.js';
import { rowOf } from '../engines/registry.js';
import type { ServedModel } from '../runtime/served-model.js';
import { MAX_CHALLENGER_STAGE_MS, type OpenContext } from './attempt.js';
import type { BackendRetries } from './backend-retries.js';
import { challenge } from './challenge.js';
import { tooLargeTwice } from './precheck.js';
import { type Choice, choiceKey, MAX_AGE_MS } from './remembered.js';

/**
 * @param choice what an earlier visit chose, if anything
 * @param returns is told of targets that were left alone when their turn came
 * @returns settles when all is measured, or known from an earlier visit; never rejects
 */
export async function autotune(
  served: ServedModel,
  context: OpenContext,
  choice: Choice | undefined,
  returns: Pick<BackendRetries, 'watch'>,
): Promise<void> {
  if (served.current.handle.thread !== 'worker' || savesData()) return;
  const twice = tooLargeTwice(context.manifest, context.resolved);
  if (twice !== undefined) return explainUntried(served, twice);
  const { signal } = served.disposing;
  const isKnown = choice !== undefined && isSameTarget(choice.chosen, served.current);
  if (isKnown) learnChoice(served, choice);
  try {
    // The app has a moment to itself after a load: its first predictions wait for nothing.
    if (!isKnown) await pause(QUIET_MS, signal);
    await whenIdle(signal);
    if (isKnown && (await currentAdapter()) === choice.adapter) return;
    await raceAll(served, context);
  } catch {
    // The model was disposed or lost its backend. The selection says how far the races came.
  }
  returns.watch({ instance: served.current, selection: served.selection });
}

async function raceAll(served: ServedModel, context: OpenContext): Promise<void> {
  for (const { state, backend, engine } of served.selection) {
    // A target that was refused a moment ago has had its chance.
    if (state === 'refused' || engine === 'app' || backend === 'fallback' || !rowOf({ engine, backend }).isRaced) continue;
    await challenge({ engine, backend }, served, context);
  }
  explainUntried(served, 'it is the last resort and is not raced');
  await remember(served, context);
}

/** A backend may have been refused for a while only: such a choice counts as long as a crash mark. */
const MAX_AGE_REFUSED_MS = 7 * 24 * 3_600_000;

/** Keeps the outcome for the next visits, unless the app's own function answers. */
async function remember(served: ServedModel, { caching, manifest }: OpenContext): Promise<void> {
  const { backend, engine } = served.current;
  if (engine === 'app' || backend === 'fallback') return;
  const selection = served.selection
    .filter((candidate) => !isSameTarget(candidate, FALLBACK))
    .map(({ remembered, ...candidate }) => candidate);
  const maxAgeMs = selection.some(({ state }) => state === 'refused') ? MAX_AGE_REFUSED_MS : MAX_AGE_MS;
  const adapter = await currentAdapter();
  const choice: Choice = { chosen: { engine, backend }, selection, adapter, untilMs: Date.now() + maxAgeMs };
  // A cache that fails here costs the next visit a race.
  await (await caching)?.set(choiceKey(manifest.hash), toBytes(choice)).catch(() => undefined);
}

/** Says why targets were not tried. */
function explainUntried(served: ServedModel, reason: string): void {
  for (const each of served.selection) if (each.state === 'untried' && !isSameTarget(each, FALLBACK)) served.learn({ ...each, reason });
}

/** Takes over what an earlier visit found out about targets that were not tried now. */
function learnChoice(served: ServedModel, { selection }: Choice): void {
  for (const then of selection) {
    const known = served.selection.find((each) => isSameTarget(each, then));
    if (known?.state === 'untried') served.learn({ ...then, remembered: true });
    else if (known?.state === 'chosen')
      served.learn({ ...known, ...(then.p50Ms !== undefined && { p50Ms: then.p50Ms }), remembered: true });
  }
}

/** Vendor and architecture of the GPU; empty if there is none, or one that hangs. */
const currentAdapter = (): Promise<string> =>
  withDeadline(requestAdapter().then(adapterName), MAX_CHALLENGER_STAGE_MS, 'Asking for an adapter').catch(() => '');

/** A visitor who counts bytes is not made to download what may turn out slower. */
const savesData = (): boolean =>
  (globalThis as { navigator?: { connection?: { saveData?: boolean } } }).navigator?.connection?.saveData === true;
