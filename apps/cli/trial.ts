/** Runs a model on one backend after another, each in a browser of its own, so that a hang or a crash does not stop the others. */
import { BACKENDS, type BackendName } from '../../src/base/backend-name.js';
import { messageOf, type PannierError } from '../../src/base/errors.js';
import { withDeadline } from '../../src/base/promise.js';
import { refusalOf, targetsOn } from '../../src/engines/registry.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import type { Adapter, Started } from '../../src/pack/checks/browser.js';
import { randomInputs } from '../../src/pack/golden/random.js';
import type { Feed } from './inputs.js';
import { type OnUndo, type Surroundings, withUndo } from './interrupted.js';
import { type Answer, type PageOutput, type PageTask, predictInPage, type Report } from './page.js';
import { browserEnded, handOver, serveModel, settle, visit } from './visit.js';

/** The outcome on one backend. */
export interface Trial {
  /** Whether the model loaded there, agreed with the golden sample and answered. */
  readonly ran: boolean;
  /** Largest distance of any value from the cpu backend's; null if one of the two did not answer with finite numbers. */
  readonly maxAbsError: number | null;
  /** The same as a share of the largest magnitude of the output on the cpu backend. */
  readonly maxRelError: number | null;
  /** From `loadModel` to a model that has run its golden sample, with files from this machine; null if it did not run. */
  readonly coldMs: number | null;
  /** The median of warm calls, or the time of the only call; null if it did not run. */
  readonly p50Ms: number | null;
  /** How many calls were made. */
  readonly runs: number;
  /** Why the backend was refused, or how it failed; null if it ran. */
  readonly reason: string | null;
}

/** The outcome on every backend, and the browser that they ran in. */
export interface Trials {
  readonly backends: Readonly<Record<BackendName, Trial>>;
  /** The browser, and the GPU that webgpu got; null if nothing was tried. */
  readonly browser: { readonly name: string; readonly adapter: Adapter | null } | null;
}

export interface TrialOptions extends Surroundings {
  readonly manifest: Manifest;
  readonly folder: string;
  /** The browser to start, instead of the one that would be found. */
  readonly path: string | undefined;
  /** Calls on each backend; undefined for the default. */
  readonly runs: number | undefined;
  /** Longest that one backend may take. */
  readonly timeoutMs: number;
}

const RUNS = 20;
/** Calls on a backend end after this time, unless their number was asked for: a software adapter takes seconds for each. */
const ENOUGH_MS = 5_000;
const SEED = 20_001;

/** The backend that the others are compared with. */
const REFERENCE: BackendName = 'cpu';

/** The backends to try, of which the reference comes first. */
const ORDER = [...BACKENDS].reverse();

/**
 * Tries all backends on the same seeded random input.
 * @throws {PannierError} `backend-unavailable` if there is no browser to try them in
 */
export async function tryBackends(options: TrialOptions): Promise<Trials> {
  const { manifest, folder, onUndo, status, signal } = options;
  const site = await serveModel(folder, onUndo);
  const inputs = randomInputs(manifest, SEED).map(({ data, ...input }): Feed => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { kind: 'values', ...input, bytes };
  });
  const feeds = handOver(inputs, site);
  const trials = new Map<BackendName, Trial>();
  let browser: Trials['browser'] = null;
  let reference: Report['outputs'] | undefined;
  for (const [index, target] of targetsOn(ORDER, manifest).entries()) {
    signal.throwIfAborted();
    const { backend } = target;
    const refused = refusalOf(target, manifest);
    if (refused !== undefined) {
      trials.set(backend, failed(refused));
      continue;
    }
    const tell = (text: string) => status(`${index + 1} of ${ORDER.length}, ${backend}: ${text}`);
    let started: Started | undefined;
    try {
      const report = await withUndo(async (onUndoSoon) => {
        // The browser is closed with its trial, or before if the command is interrupted.
        const onUndoEither: OnUndo = (undo) => {
          onUndoSoon(undo);
          onUndo(undo);
        };
        tell('Starting the browser');
        started = await visit(site, { path: options.path, webgpu: backend === 'webgpu' ? 'named' : 'no', onUndo: onUndoEither });
        const answering = answer(backend, started, feeds, { ...options, status: tell });
        return withDeadline(answering, options.timeoutMs, 'Loading and running the model');
      });
      if (backend === REFERENCE) reference = report.outputs;
      trials.set(backend, succeeded(report, reference));
    } catch (thrown) {
      signal.throwIfAborted();
      if (browser === null && started === undefined) throw thrown;
      trials.set(backend, failed(reasonOf(thrown)));
    }
    if (started !== undefined) browser = { name: started.name, adapter: started.adapter ?? null };
  }
  return { backends: Object.fromEntries(BACKENDS.map((each) => [each, trials.get(each)])) as Trials['backends'], browser };
}

async function answer(
  backend: BackendName,
  { page }: Started,
  feeds: PageTask['feeds'],
  { runs, timeoutMs, status }: Pick<TrialOptions, 'runs' | 'timeoutMs' | 'status'>,
): Promise<Report> {
  try {
    if (process.stderr.isTTY) await page.exposeFunction('pannierStatus', status);
    const task: PageTask = {
      feeds,
      options: { backend: [backend], thread: 'worker', deadlineMs: timeoutMs, backendDeadlineMs: timeoutMs },
      runs: runs ?? RUNS,
      softwareRuns: undefined,
      enoughMs: runs === undefined ? ENOUGH_MS : Number.POSITIVE_INFINITY,
      most: -1,
      tellStatus: process.stderr.isTTY,
    };
    return settle(JSON.parse(await page.evaluate(predictInPage, task)) as Answer<Report>);
  } catch (thrown) {
    return browserEnded(thrown);
  }
}

function succeeded({ outputs, stats, loadTiming, timing, runs }: Report, reference: Report['outputs'] | undefined): Trial {
  const errors = reference === undefined ? { maxAbsError: null, maxRelError: null } : distance(outputs, reference);
  return { ran: true, ...errors, coldMs: loadTiming.totalMs, p50Ms: stats.p50Ms ?? timing.totalMs, runs, reason: null };
}

const failed = (reason: string): Trial => ({
  ...{ ran: false, maxAbsError: null, maxRelError: null, coldMs: null, p50Ms: null, runs: 0 },
  reason,
});

/** The reason for which the only backend that was allowed is refused, or else the failure itself. */
function reasonOf(thrown: unknown): string {
  const selection = (thrown as PannierError).detail?.['selection'] as Report['selection'] | undefined;
  return selection?.[0]?.reason ?? messageOf(thrown);
}

/** The distance of two answers. It is infinite if their shapes differ, or if only one of two values is a finite number. */
function distance(outputs: Report['outputs'], reference: Report['outputs']): Pick<Trial, 'maxAbsError' | 'maxRelError'> {
  let [absolute, relative] = [0, 0];
  for (const [name, { data: wanted, shape }] of Object.entries(reference)) {
    const got = outputs[name] as PageOutput;
    let farthest = got.shape.join() === shape.join() ? 0 : Number.POSITIVE_INFINITY;
    let largest = 0;
    for (const [index, value] of wanted.entries()) {
      const other = got.data[index] ?? null;
      // Values that are not finite come as null.
      if (value === null && other === null) continue;
      farthest = Math.max(farthest, value === null || other === null ? Number.POSITIVE_INFINITY : Math.abs(other - value));
      largest = Math.max(largest, Math.abs(value ?? 0));
    }
    absolute = Math.max(absolute, farthest);
    relative = Math.max(relative, farthest === 0 ? 0 : farthest / largest);
  }
  return { maxAbsError: finite(absolute), maxRelError: finite(relative) };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
