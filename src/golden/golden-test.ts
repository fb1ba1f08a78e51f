/** The test of a backend against the golden samples: the first before it serves, the second in idle time, the batch before a larger call. */

import type { WeightsCache } from '../api/cache.js';
import { browserVersion } from '../base/browser-version.js';
import { GOLDEN_PREFIX } from '../base/cache-keys.js';
import { messageOf, type PannierError } from '../base/errors.js';
import { pause, QUIET_MS, whenIdle } from '../base/idle.js';
import { fromBytes, toBytes } from '../base/json.js';
import { VERSION } from '../base/versions.js';
import type { Call, Engine, RunResult, Session } from '../engines/engine.js';
import { versionedName } from '../engines/registry.js';
import type { GoldenSample, Manifest } from '../manifest/manifest.js';
import { compareGolden } from './compare.js';
import { goldenFeeds } from './feeds.js';

/** The outcome of a golden run. */
export interface Verdict {
  readonly agrees: boolean;
  /** The share of stored values that were off, of the worst output. */
  readonly shareOff: number;
  /** What is off, naming the output; empty if the run agrees. */
  readonly reason: string;
}

/** The part of the engine's queue that a golden test uses. */
interface EngineQueue {
  run<T>(step: () => Promise<T>, priority: 'background', signal: AbortSignal): Promise<T>;
}

/** What an earlier visit found out, as the weights cache keeps it. */
type Memory = 'passed' | 'disagreed';

/** The golden samples of one model on one engine. */
export class GoldenTest {
  readonly samples: Manifest['golden']['samples'];
  readonly #manifest: Manifest;
  readonly #outputs: readonly string[];
  readonly #golden: ArrayBuffer;
  readonly #queue: EngineQueue;
  readonly #cache: WeightsCache | null;
  readonly #deadlineMs: number;
  readonly #key: string;
  readonly #batchKey: string;
  /** Whether an earlier visit's pass stands in for a run. */
  #isTrusted = false;
  #isBatchRight = false;

  /**
   * @param golden the verified bytes of the golden file
   * @param deadlineMs longest that a run may take, since a run that never ends would block the queue
   */
  constructor(
    manifest: Manifest,
    golden: ArrayBuffer,
    { engine, queue }: { readonly engine: Engine; readonly queue: EngineQueue },
    cache: WeightsCache | null,
    deadlineMs: number,
  ) {
    this.samples = manifest.golden.samples;
    this.#manifest = manifest;
    this.#outputs = Object.keys(manifest.signature.outputs);
    this.#golden = golden;
    this.#queue = queue;
    this.#cache = cache;
    this.#deadlineMs = deadlineMs;
    const { name, backend, identity } = engine;
    // All that could change the answer: the model, the code, the GPU, the browser.
    this.#key = `${GOLDEN_PREFIX}${[manifest.hash, versionedName(name), backend, identity, VERSION, browserVersion()].join(' ')}`;
    this.#batchKey = `${this.#key} batch`;
  }

  /** What an earlier visit found out, with the same model, code, GPU and browser. A cache that fails knows nothing. */
  async recall(): Promise<Memory | undefined> {
    const memory = await this.#read(this.#key);
    this.#isTrusted = memory === 'passed';
    return memory;
  }

  /**
   * Tests samples when the page is idle: those that have not been run, and those whose pass was remembered, since it may no longer hold.
   * @param onDisagreement called before the queue goes on, so that no call runs on a backend that is wrong
   * @param signal aborts when the session is disposed
   */
  async testWhenIdle(
    session: Session,
    samples: readonly GoldenSample[],
    onDisagreement: (reason: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const testOnce = async (sample: GoldenSample) => {
      const { agrees, reason } = this.compare(await this.run(session, sample), sample);
      if (!agrees) onDisagreement(reason);
    };
    await pause(QUIET_MS, signal);
    for (const sample of samples) {
      await whenIdle(signal);
      await this.#queue.run(() => testOnce(sample), 'background', signal);
    }
  }

  /** Runs a sample once, by default the first one. The caller takes it through the queue. */
  run(session: Session, sample: GoldenSample = this.samples[0]): Promise<RunResult> {
    const feeds = goldenFeeds(this.#manifest.signature.inputs, sample, this.#golden);
    // All outputs, also those that are not compared: the golden run is the warm-up for the first predict.
    return session.run({ feeds, outputs: this.#outputs, deadlineMs: this.#deadlineMs });
  }

  /** Compares a run of a sample with the stored values. If they disagree, the next visit runs both samples before the backend serves. */
  compare({ outputs }: RunResult, sample: GoldenSample = this.samples[0]): Verdict {
    const byName = Object.fromEntries(this.#outputs.map((name, index) => [name, outputs[index] as (typeof outputs)[number]]));
    const { agrees, shareOff, reason = '' } = compareGolden(this.#manifest.signature.outputs, sample, this.#golden, byName);
    if (!agrees) this.#write(this.#key, agrees);
    return { agrees, shareOff, reason };
  }

  /** Runs samples until one disagrees, and remembers the outcome. The caller takes it through the queue. */
  async runAndRemember(session: Session, samples: readonly GoldenSample[]): Promise<Verdict> {
    let shareOff = 0;
    for (const sample of samples) {
      const verdict = this.compare(await this.run(session, sample), sample);
      if (!verdict.agrees) return verdict;
      shareOff = Math.max(shareOff, verdict.shareOff);
    }
    this.#write(this.#key, true);
    return { agrees: true, shareOff, reason: '' };
  }

  /**
   * Runs the batch before the first call with more rows than the samples have, unless an earlier visit's pass is remembered and
   * counts. Call it in the turn of that call.
   * @returns why the target must be left; undefined if nothing speaks against it
   * @throws {PannierError} a loss of the session, or a lack of memory, which says nothing about smaller batches
   */
  async testBatch(session: Session, feeds: Call['feeds']): Promise<string | undefined> {
    const { batch } = this.#manifest.golden;
    if (this.#isBatchRight || batch === undefined || !this.#isLarger(feeds)) return undefined;
    if (!(this.#isTrusted && (await this.#read(this.#batchKey)) === 'passed')) {
      const answer = await this.run(session, batch).catch((thrown) => {
        if (session.lost !== undefined || (thrown as PannierError).code === 'out-of-memory') throw thrown;
        return messageOf(thrown);
      });
      if (typeof answer === 'string') return `it fails on a batch: ${answer}`;
      const { agrees, reason } = this.compare(answer, batch);
      if (!agrees) return `it disagrees with the golden batch: ${reason}`;
      this.#write(this.#batchKey, true);
    }
    this.#isBatchRight = true;
    return undefined;
  }

  /** Whether a call has more rows than the samples, of an input whose batch is open. */
  #isLarger(feeds: Call['feeds']): boolean {
    const { samples, batch } = this.#manifest.golden;
    const rowsIn = (sample: GoldenSample | undefined, name: string) => sample?.inputs[name]?.shape[0] ?? 0;
    return feeds.some(({ name, shape: [rows = 0] }) => rows > rowsIn(samples[0], name) && rowsIn(batch, name) > rowsIn(samples[0], name));
  }

  /** A cache that fails here costs the next visit one golden run. */
  #write(key: string, agrees: boolean): void {
    this.#cache?.set(key, toBytes({ agrees })).catch(() => undefined);
  }

  async #read(key: string): Promise<Memory | undefined> {
    try {
      const record = await this.#cache?.get(key);
      return record && ((fromBytes(record) as { agrees: boolean }).agrees ? 'passed' : 'disagreed');
    } catch {
      return undefined;
    }
  }
}
