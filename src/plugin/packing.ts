/** Packs the models of one config file whose options or source files have changed. */
import { existsSync, type StatsListener, statSync, unwatchFile, watchFile } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import { oneAtATime } from '../base/promise.js';
import { CONFIG_FILE, IMPORT_LIMIT_MS, misnamedConfig } from '../pack/config.js';
import { Progress } from '../pack/progress.js';
import type { PluginOptions } from './options.js';

/** The result of bringing all models up to date. Paths are absolute. */
export interface Outcome {
  readonly models: readonly { readonly name: string; readonly folder: string }[];
  /** Every file that a packed model depends on. */
  readonly sources: readonly string[];
  /** A line for each model that was packed. */
  readonly packed: readonly string[];
  readonly warnings: readonly string[];
  /** A line for each model that could not be packed, whose folder is unchanged. */
  readonly failures: readonly string[];
  readonly startedMs: number;
}

/** The last message of the thread. */
export interface Report extends Omit<Outcome, 'startedMs'> {
  /** A warning for each model whose source file is absent. */
  readonly absent: readonly string[];
}

/** A message of the thread: it imports the config, it has imported it, it begins a step of packing, it has done all. */
export type Message = 'config' | 'models' | { readonly model: string; readonly step: string } | Report;

const NOTHING: Outcome = { models: [], sources: [], packed: [], warnings: [], failures: [], startedMs: 0 };

/** Source files are polled this often, since polling works with every editor, mount and exporter. */
const LOOK_MS = 250;

/** The thread itself fails for a config that awaits too long. A config that blocks the thread fails here, this much later. */
const GRACE_MS = 2_000;

/** Two builds of one process must not write the same folder. */
const inTurn = oneAtATime();

/** Packs for one bundler. */
export class Packing {
  readonly #config: string | undefined;
  readonly #watched = new Map<string, StatsListener>();
  #report: ((outcome: Outcome) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #models: Outcome['models'] = [];
  #print: (line: string) => void = () => undefined;
  /** Warnings of absent sources that were reported before. */
  readonly #absent = new Set<string>();

  /** @param root the folder that `options.config` is relative to */
  constructor({ config }: PluginOptions, root: string) {
    const file = resolve(root, config ?? CONFIG_FILE);
    this.#config = config !== undefined || existsSync(file) || misnamedConfig(root) !== undefined ? file : undefined;
  }

  /**
   * Packs the models that are out of date. Failures are in the outcome; this method does not throw.
   * @param print gets lines of progress while models are packed, also in a watch
   */
  async pack(print: (line: string) => void): Promise<Outcome> {
    this.#print = print;
    const config = this.#config;
    if (config === undefined) return NOTHING;
    let startedMs = 0;
    const { absent, ...report } = await inTurn(() => {
      startedMs = Date.now();
      return packInThread(config, print);
    });
    this.#models = report.models;
    // A watch would otherwise warn again after every change of another file.
    const warnings = [...report.warnings, ...absent.filter((each) => !this.#absent.has(each))];
    for (const each of absent) this.#absent.add(each);
    return { ...report, warnings, startedMs };
  }

  /** The models of the last outcome. */
  get models(): Outcome['models'] {
    return this.#models;
  }

  /** Whether the sources are watched. */
  get watches(): boolean {
    return this.#report !== undefined;
  }

  /** Packs whenever a source of the last outcome changes, beginning with `seen`, and reports the new outcome. */
  watch(seen: Outcome, report: (outcome: Outcome) => void): void {
    this.#report = report;
    this.#look(seen);
  }

  /** Ends the watch. */
  close(): void {
    this.#report = undefined;
    clearTimeout(this.#timer);
    this.#look(NOTHING);
  }

  #look({ sources, startedMs }: Outcome): void {
    for (const [file, listener] of this.#watched) {
      if (sources.includes(file)) continue;
      unwatchFile(file, listener);
      this.#watched.delete(file);
    }
    for (const file of sources) {
      if (this.#watched.has(file)) continue;
      const listener: StatsListener = (now, before) => {
        // A read changes the access time, which is no change.
        if (now.mtimeMs !== before.mtimeMs || now.size !== before.size || now.ino !== before.ino) this.#changed();
      };
      this.#watched.set(file, listener);
      watchFile(file, { interval: LOOK_MS, persistent: false }, listener);
      // The file may have changed after the packer read it and before it was watched.
      if ((statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > startedMs) this.#changed();
    }
  }

  /** Packs once for all changes of one poll, and once more for changes that come while it packs. */
  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      if (this.#running) return this.#changed();
      this.#running = true;
      const outcome = await this.pack(this.#print);
      this.#running = false;
      if (this.#report === undefined) return;
      this.#report(outcome);
      this.#look(outcome);
    }, LOOK_MS + 50).unref();
  }
}

/** Packs in a thread, which ends with its last message even if the config has left a timer or a server running. */
function packInThread(config: string, print: (line: string) => void): Promise<Report> {
  const progress = new Progress(print);
  const thread = new Worker(new URL('./plugin-thread.js', import.meta.url), { workerData: config });
  let timer: NodeJS.Timeout | undefined;
  return new Promise<Report>((resolve) => {
    const fail = (message: string) => resolve({ ...NOTHING, absent: [], sources: [config], failures: [message] });
    const onMessage = (message: Message) => {
      clearTimeout(timer);
      if (typeof message === 'object' && 'step' in message) progress.step(message.model, message.step);
      else if (typeof message === 'object') resolve(message);
      else if (message === 'config')
        timer = setTimeout(
          () => fail(`${config} cannot be imported: it still runs after ${(IMPORT_LIMIT_MS + GRACE_MS) / 1000} seconds.`),
          IMPORT_LIMIT_MS + GRACE_MS,
        );
    };
    thread
      .on('message', onMessage)
      .once('error', (error) => fail(`The packer ended: ${messageOf(error)}`))
      .once('exit', (code) => fail(`The packer ended with code ${code}.`));
  }).finally(() => {
    clearTimeout(timer);
    progress.end();
    return thread.terminate();
  });
}
