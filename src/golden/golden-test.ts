/** The test of a backend against the golden sample: run once, remembered, and repeated in idle time. */

import type { WeightsCache } from '../api/cache.js';
import { browserVersion } from '../base/browser-version.js';
import { GOLDEN_PREFIX } from '../base/cache-keys.js';
import { pause, QUIET_MS, whenIdle } from '../base/idle.js';
import { toBytes } from '../base/json.js';
import { VERSION } from '../base/versions.js';
import type { Engine, RunResult, Session } from '../engines/engine.js';
import { versionedName } from '../engines/registry.js';
import type { Manifest } from '../manifest/manifest.js';
import { compareGolden, goldenFeeds } from './sample.js';

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

/** The golden sample of one model on one engine. */
export class GoldenTest {
  readonly #manifest: Manifest;
  readonly #outputs: readonly string[];
  readonly #golden: ArrayBuffer;
  readonly #queue: EngineQueue;
  readonly #cache: WeightsCache | null;
  readonly #deadlineMs: number;
  readonly #key: string;

  /**
   * @param golden the verified bytes of the golden sample
   * @param deadlineMs longest that a run may take, since a run that never ends would block the queue
   */
  constructor(
    manifest: Manifest,
    golden: ArrayBuffer,
    { engine, queue }: { readonly engine: Engine; readonly queue: EngineQueue },
    cache: WeightsCache | null,
    deadlineMs: number,
  ) {
    this.#manifest = manifest;
    this.#outputs = Object.keys(manifest.signature.outputs);
    this.#golden = golden;
    this.#queue = queue;
    this.#cache = cache;
    this.#deadlineMs = deadlineMs;
    const { name, backend, identity } = engine;
    // All that could change the answer: the model, the code, the GPU, the browser.
    this.#key = `${GOLDEN_PREFIX}${[manifest.hash, versionedName(name), backend, identity, VERSION, browserVersion()].join(' ')}`;
  }

  /** Whether the test has passed in an earlier visit, with the same model, code, GPU and browser. */
  async isRemembered(): Promise<boolean> {
    const pass = await this.#cache?.get(this.#key).catch(() => undefined);
    return pass !== undefined;
  }

  /**
   * Repeats the test when the page is idle, since a remembered pass may no longer hold.
   * @param onDisagreement called before the queue goes on, so that no call runs on a backend that is wrong
   * @param signal aborts when the session is disposed
   */
  async testWhenIdle(session: Session, onDisagreement: (reason: string) => void, signal: AbortSignal): Promise<void> {
    const testOnce = async () => {
      const { agrees, reason } = await this.runAndRemember(session);
      if (!agrees) onDisagreement(reason);
    };
    await pause(QUIET_MS, signal);
    await whenIdle(signal);
    await this.#queue.run(testOnce, 'background', signal);
  }

  /** Runs the sample once. The caller takes it through the queue. */
  run(session: Session): Promise<RunResult> {
    // All outputs, also those that are not compared: the golden run is the warm-up for the first predict.
    return session.run({ feeds: goldenFeeds(this.#manifest, this.#golden), outputs: this.#outputs, deadlineMs: this.#deadlineMs });
  }

  /** Compares a run of the sample with the stored values. If they disagree, an earlier pass is forgotten. */
  compare({ outputs }: RunResult): Verdict {
    const byName = Object.fromEntries(this.#outputs.map((name, index) => [name, outputs[index] as (typeof outputs)[number]]));
    const { agrees, shareOff, reason = '' } = compareGolden(this.#manifest, this.#golden, byName);
    if (!agrees) this.#cache?.delete(this.#key).catch(() => undefined);
    return { agrees, shareOff, reason };
  }

  /** Runs the sample, and remembers a pass or forgets an earlier one. The caller takes it through the queue. */
  async runAndRemember(session: Session): Promise<Verdict> {
    const verdict = this.compare(await this.run(session));
    // A cache that fails here costs the next visit one golden run.
    if (verdict.agrees) this.#cache?.set(this.#key, toBytes({ shareOff: verdict.shareOff })).catch(() => undefined);
    return verdict;
  }
}
