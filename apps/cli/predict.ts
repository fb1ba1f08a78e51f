/** `pannier predict`: runs a model once or often in an installed browser, by the files that apps get. */
import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from '../../src/base/backend-name.js';
import { withDeadline } from '../../src/base/promise.js';
import type { Started } from '../../src/pack/checks/browser.js';
import { badOption } from '../../src/pack/options.js';
import type { Command } from './command.js';
import { readFeeds } from './inputs.js';
import { type Surroundings, untilInterrupted } from './interrupted.js';
import { printOutcome } from './outcome.js';
import { FIXED_USAGE, MODEL_USAGE, packedModel } from './packed.js';
import { type Answer, type PageTask, predictInPage, type Report, readNeeds } from './page.js';
import { type FixedInputs, fixedInputs } from './pairs.js';
import { onPaper, showReport } from './print.js';
import { browserEnded, handOver, serveModel, settle, visit } from './visit.js';

/** Values of an output that are printed without `--full`. */
const MOST = 1_000;
const RUNS = 20;
/** A software adapter takes seconds for a call. */
const SOFTWARE_RUNS = 3;
/** Longest that one backend may take to start and agree: in software much longer than for an app. */
const BACKEND_DEADLINE_MS = 120_000;

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const SWITCH = { type: 'boolean' } as const;
const FLAGS = {
  ...{
    image: TEXT,
    input: TEXTS,
    shape: TEXTS,
    constant: TEXTS,
    backend: TEXT,
    thread: TEXT,
    runs: TEXT,
    timeout: TEXT,
    browser: TEXT,
    config: TEXT,
  },
  ...{ json: SWITCH, full: SWITCH },
} as const;

/** The `predict` command. */
export const predictCommand: Command = {
  usage: `  pannier predict MODEL [flags]                 runs a model in an installed Chromium, Chrome or Edge
    ${MODEL_USAGE} (--config FILE)
    --image FILE                   a picture, for the input that takes one
    --input NAME=FILE              .json numbers, flat or nested, or rows; .bin little-endian values; or a picture
    ${FIXED_USAGE}
    --backend auto|${BACKENDS.join('|')}  also several in order, as wasm,cpu; webgpu by name may run in software;
                                   auto measures, after the first call, which one is fastest
    --thread worker|page  --runs N (${RUNS})  --timeout SECONDS (300)  --browser PATH (PANNIER_CHROMIUM)
    --json   one object: outputs of the first call, at most ${MOST} values each (--full for all),
             timing of the call in the middle, where preparing includes decoding the picture;
             JSON has no NaN and no infinity: they are null, and nonFinite counts them`,
  run(args) {
    const json = args.includes('--json');
    return printOutcome(json, async () => {
      const flags = readFlags(args);
      const { report, started } = await untilInterrupted((surroundings) => predict(flags, surroundings));
      const { name, adapter } = started;
      const browser = { name, ...(report.backend === 'webgpu' && adapter && { adapter: adapter.name, software: adapter.software }) };
      return json ? `${JSON.stringify({ ...report, browser })}\n` : showReport(report, started, onPaper(process.stdout));
    });
  },
};

/** Arguments of `pannier predict`, read. */
export interface Flags {
  readonly model: string;
  readonly image: string | undefined;
  readonly inputs: readonly string[];
  readonly fixed: FixedInputs;
  readonly backend: 'auto' | BackendName[];
  readonly thread: 'worker' | 'page';
  /** Undefined: not said. */
  readonly runs: number | undefined;
  readonly timeoutMs: number;
  readonly browser: string | undefined;
  readonly config: string | undefined;
  readonly full: boolean;
}

/**
 * Reads the command line of `pannier predict`.
 * @throws {PannierError} `options` if an argument is missing, unknown or not what its flag takes
 */
export function readFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { image, input = [], backend = 'auto', thread = 'worker', runs, timeout = '300', browser, config, full = false } = values;
  const [model, ...more] = positionals;
  if (model === undefined) throw badOption(`Say what to run: pannier predict MODEL. ${MODEL_USAGE}.`);
  if (more.length > 0) throw badOption(`pannier predict takes one MODEL, but got also ${more.join(', ')}.`);
  const backends = backend.split(',');
  const unknown = backends.find((name) => !(BACKENDS as readonly string[]).includes(name));
  if (backend !== 'auto' && unknown !== undefined) {
    throw badOption(`--backend is ${JSON.stringify(backend)}; auto, or some of ${BACKENDS.join(', ')} is wanted.`);
  }
  if (thread !== 'worker' && thread !== 'page') throw badOption(`--thread is ${JSON.stringify(thread)}; worker or page is wanted.`);
  if (runs !== undefined && !/^[1-9]\d{0,5}$/.test(runs))
    throw badOption(`--runs is ${JSON.stringify(runs)}; a whole number from 1 is wanted.`);
  if (!(Number(timeout) > 0)) throw badOption(`--timeout is ${JSON.stringify(timeout)}; seconds above 0 are wanted.`);
  return {
    ...{
      model,
      image,
      inputs: input,
      fixed: fixedInputs(values),
      backend: backend === 'auto' ? backend : (backends as BackendName[]),
      thread,
      browser,
      config,
      full,
    },
    runs: runs === undefined ? undefined : Number(runs),
    timeoutMs: Number(timeout) * 1_000,
  };
}

interface Found {
  readonly report: Report;
  readonly started: Started;
}

async function predict(flags: Flags, surroundings: Surroundings): Promise<Found> {
  const { backend, thread, runs, timeoutMs } = flags;
  const { onUndo, status } = surroundings;
  const { folder } = await packedModel(flags.model, flags.config, surroundings, flags.fixed);
  const site = await serveModel(folder, onUndo);
  status('Starting the browser');
  const byName = backend !== 'auto' && backend.includes('webgpu');
  const webgpu = byName ? 'named' : backend === 'auto' ? 'if-there' : 'no';
  const started = await visit(site, { path: flags.browser, webgpu, onUndo });
  const { page, adapter } = started;
  const report = async (): Promise<Report> => {
    const feeds = await readFeeds(flags, settle(await page.evaluate(readNeeds)));
    if (process.stderr.isTTY) await page.exposeFunction('pannierStatus', status);
    const task: PageTask = {
      feeds: handOver(feeds, site),
      options: { backend, thread, deadlineMs: Number.POSITIVE_INFINITY, backendDeadlineMs: BACKEND_DEADLINE_MS },
      runs: runs ?? RUNS,
      softwareRuns: runs === undefined && adapter?.software ? SOFTWARE_RUNS : undefined,
      enoughMs: Number.POSITIVE_INFINITY,
      most: flags.full ? -1 : MOST,
      tellStatus: process.stderr.isTTY,
    };
    return settle(JSON.parse(await page.evaluate(predictInPage, task)) as Answer<Report>);
  };
  return { report: await withDeadline(report().catch(browserEnded), timeoutMs, 'Loading and running the model'), started };
}
