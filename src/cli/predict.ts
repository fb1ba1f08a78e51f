/** `pannier predict`: runs a model once or often in an installed browser, by the files that apps get. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from '../backend-name.js';
import { asPannierError, type ErrorCode, type ErrorDetail, messageOf, PannierError } from '../errors.js';
import { badOption } from '../pack/options.js';
import { pack } from '../pack/pack.js';
import { abortable, withDeadline } from '../promise.js';
import { firstLine, type Started, startBrowser } from './browser.js';
import type { Command } from './command.js';
import { type Feed, readFeeds } from './inputs.js';
import { type Answer, type PageTask, predictInPage, type Report, readNeeds } from './page.js';
import { onPaper, plain, showReport, statusLine } from './print.js';
import { filesOf, type Site, serve } from './serve.js';

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
  ...{ image: TEXT, input: TEXTS, backend: TEXT, thread: TEXT, runs: TEXT, timeout: TEXT, browser: TEXT },
  ...{ json: SWITCH, full: SWITCH },
} as const;

/** The `predict` command. */
export const predictCommand: Command = {
  usage: `  pannier predict MODEL [flags]                 runs a model in an installed Chromium, Chrome or Edge
    MODEL is a packed folder or a model.json
    --image FILE                   a picture, for the input that takes one
    --input NAME=FILE              .json numbers, flat or nested; .bin little-endian values; or a picture
    --backend auto|${BACKENDS.join('|')}  also several, as wasm,cpu; webgpu by name may run in software
    --thread worker|page  --runs N (${RUNS})  --timeout SECONDS (300)  --browser PATH (PANNIER_CHROMIUM)
    --json   one object: outputs of the first call, at most ${MOST} values each (--full for all),
             timing of the call in the middle, where preparing includes decoding the picture;
             JSON has no NaN and no infinity: they are null, and nonFinite counts them`,
  async run(args) {
    const json = args.includes('--json');
    try {
      const { report, started } = await untilInterrupted(args);
      const { name, adapter } = started;
      const browser = { name, ...(report.backend === 'webgpu' && adapter && { adapter: adapter.name, software: adapter.software }) };
      await print(json ? `${JSON.stringify({ ...report, browser })}\n` : showReport(report, started, onPaper(process.stdout)));
      return 0;
    } catch (thrown) {
      if (thrown instanceof Interrupted) {
        process.kill(process.pid, thrown.signal);
        return 1;
      }
      const isUsage = (thrown as { code?: string } | null)?.code?.startsWith('ERR_PARSE_ARGS') === true;
      const { code, message, detail } = isUsage ? badOption(messageOf(thrown)) : asPannierError(thrown, 'predict', 'unexpected');
      if (json) await print(`${JSON.stringify({ error: { code, message, detail } })}\n`);
      process.stderr.write(`pannier: ${plain(message)}\n`);
      return 1;
    }
  },
};

interface Flags {
  readonly model: string;
  readonly image: string | undefined;
  readonly inputs: readonly string[];
  readonly backend: 'auto' | BackendName[];
  readonly thread: 'worker' | 'page';
  /** Undefined: not said. */
  readonly runs: number | undefined;
  readonly timeoutMs: number;
  readonly browser: string | undefined;
  readonly full: boolean;
}

function readFlags(args: readonly string[]): Flags {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { image, input = [], backend = 'auto', thread = 'worker', runs, timeout = '300', browser, full = false } = values;
  const [model, ...more] = positionals;
  if (model === undefined) throw badOption('Say what to run: pannier predict MODEL, a packed folder or a model.json.');
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
    ...{ model, image, inputs: input, backend: backend === 'auto' ? backend : (backends as BackendName[]), thread, browser, full },
    runs: runs === undefined ? undefined : Number(runs),
    timeoutMs: Number(timeout) * 1_000,
  };
}

interface Found {
  readonly report: Report;
  readonly started: Started;
}

/** Steps that undo what was done, newest last. */
type Undo = (() => Promise<unknown>)[];

class Interrupted extends Error {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

/** Does it all, and leaves nothing behind: not after an error, nor after Ctrl-C. A second Ctrl-C does not wait. */
async function untilInterrupted(args: readonly string[]): Promise<Found> {
  const flags = readFlags(args);
  const status = statusLine(process.stderr);
  const undo: Undo = [];
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupt.abort(new Interrupted(signal));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, onSignal);
  try {
    return await abortable(predict(flags, undo, status), interrupt.signal);
  } finally {
    status('');
    for (const step of undo.reverse()) await step().catch(() => undefined);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

async function predict(flags: Flags, undo: Undo, status: (text: string) => void): Promise<Found> {
  const { backend, thread, runs, timeoutMs } = flags;
  const { folder, file } = await packedFolder(flags.model, undo, status);
  const dist = fileURLToPath(new URL('.', import.meta.url));
  const [library, workers, model] = await Promise.all([
    filesOf(dist, '/dist/', /\.(js|wasm)$/),
    filesOf(join(dist, 'worker'), '/dist/worker/', /\.js$/),
    filesOf(folder, '/model/'),
  ]);
  if (!model.some(([path]) => path === `/model/${file}`)) {
    throw badOption(`${flags.model} holds no model.js. MODEL is a folder that pannier pack has written, or a model.json.`);
  }
  const site = await serve([['/', new TextEncoder().encode('<!doctype html><title>pannier</title>')], ...library, ...workers, ...model]);
  undo.push(() => site.close());

  status('Starting the browser');
  const byName = backend !== 'auto' && backend.includes('webgpu');
  const webgpu = byName ? 'named' : backend === 'auto' ? 'if-there' : 'no';
  const started = await startBrowser({ url: `${site.url}/`, path: flags.browser, webgpu, onUndo: (step) => undo.push(step) });
  const { page, adapter } = started;
  const report = async (): Promise<Report> => {
    const feeds = await readFeeds(flags, settle(await page.evaluate(readNeeds)));
    if (process.stderr.isTTY) await page.exposeFunction('pannierStatus', status);
    const task: PageTask = {
      feeds: feeds.map((feed, index) => handOver(feed, index, site)),
      options: { backend, thread, deadlineMs: Number.POSITIVE_INFINITY, backendDeadlineMs: BACKEND_DEADLINE_MS },
      runs: runs ?? RUNS,
      softwareRuns: runs === undefined && adapter?.software ? SOFTWARE_RUNS : undefined,
      most: flags.full ? -1 : MOST,
      tellStatus: process.stderr.isTTY,
    };
    return settle(JSON.parse(await page.evaluate(predictInPage, task)) as Answer<Report>);
  };
  const ended = (thrown: unknown) => {
    // Playwright's own errors; ours are told apart already.
    if (thrown instanceof PannierError) throw thrown;
    throw new PannierError('worker-crashed', `The browser ended before it answered: ${firstLine(thrown)}.`, {}, { cause: thrown });
  };
  return { report: await withDeadline(report().catch(ended), timeoutMs, 'Loading and running the model'), started };
}

/** Where the packed model is; a model.json is packed first, into a folder that goes away. */
async function packedFolder(model: string, undo: Undo, status: (text: string) => void): Promise<{ folder: string; file: string }> {
  const found = await stat(model).catch((thrown) => {
    throw new PannierError('options', `${model} cannot be read: ${messageOf(thrown)}.`, { file: model }, { cause: thrown });
  });
  const file = 'model.js';
  if (found.isDirectory()) return { folder: model, file };
  if (basename(model) === file) return { folder: dirname(model), file };
  status(`Packing ${basename(model)}`);
  const folder = await mkdtemp(join(tmpdir(), 'pannier-predict-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const { warnings } = await pack({ model, out: folder });
  status('');
  for (const warning of warnings) process.stderr.write(`pannier: warning: ${plain(warning)}\n`);
  return { folder, file };
}

function handOver(feed: Feed, index: number, site: Site): PageTask['feeds'][number] {
  const url = `/input/${index}`;
  site.put(url, feed.bytes);
  return feed.kind === 'picture' ? { name: feed.name, url } : { name: feed.name, url, dtype: feed.dtype, shape: feed.shape };
}

function settle<T>(answer: Answer<T>): T {
  if ('value' in answer) return answer.value;
  const { code, message, detail } = answer.error as { code: ErrorCode; message: string; detail: ErrorDetail };
  throw new PannierError(code, message, detail);
}

/** Until it is written; a reader that went away, as `head` does, is no failure. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? resolve() : reject(error));
    process.stdout.once('error', onError);
    process.stdout.write(text, (error) => (error ? onError(error) : resolve()));
  });
}
