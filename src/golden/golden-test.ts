/** Whether a backend computes what the original graph computed: tested once, remembered, tested again in idle time. */

import type { WeightsCache } from '../api/cache.js';
import { browserVersion } from '../base/browser-version.js';
import { pause, QUIET_MS, whenIdle } from '../base/idle.js';
import { toBytes } from '../base/json.js';
import { VERSION } from '../base/versions.js';
import type { Engine, RunResult, Session } from '../engines/engine.js';
import { versionedName } from '../engines/registry.js';
import type { Manifest } from '../manifest/manifest.js';
import { compareGolden, goldenFeeds } from './sample.js';

/** A golden run's outcome; `reason` is empty where it agrees. */
export interface Verdict {
  readonly agrees: boolean;
  /** Share of golden values that were off, of the worst output. */
  readonly shareOff: number;
  readonly reason: string;
}

/** The queue in front of the engine, as far as a golden test enters it. */
interface EngineQueue {
  run<T>(step: () => Promise<T>, priority: 'background', signal: AbortSignal): Promise<T>;
}

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
   * @param deadlineMs longest that a run may take: one that never ends would keep the line for ever
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
    this.#key = `golden:${[manifest.hash, versionedName(name), backend, identity, VERSION, browserVersion()].join(' ')}`;
  }

  /** Whether an earlier visit's pass still counts here. */
  async isRemembered(): Promise<boolean> {
    const pass = await this.#cache?.get(this.#key).catch(() => undefined);
    return pass !== undefined;
  }

  /**
   * Repeats the sample when the page rests: a remembered pass may have stopped being true.
   * @param signal aborts when the session is disposed: what waits would hold its whole backend
   */
  async testWhenIdle(session: Session, onDisagreement: (reason: string) => void, signal: AbortSignal): Promise<void> {
    const judge = async () => {
      const { agrees, reason } = await this.runAndRemember(session);
      // Before the next in line has its turn: no call may run here any more.
      if (!agrees) onDisagreement(reason);
    };
    await pause(QUIET_MS, signal);
    await whenIdle(signal);
    await this.#queue.run(judge, 'background', signal);
  }

  /** Runs the sample once, in somebody's turn. */
  run(session: Session): Promise<RunResult> {
    // All outputs, judged or not: what the golden run has compiled, the first predict finds warm.
    return session.run({ feeds: goldenFeeds(this.#manifest, this.#golden), outputs: this.#outputs, deadlineMs: this.#deadlineMs });
  }

  /** Holds what a run of the sample answered against what is stored. A pass that is true no more is forgotten. */
  compare({ outputs }: RunResult): Verdict {
    const byName = Object.fromEntries(this.#outputs.map((name, index) => [name, outputs[index] as (typeof outputs)[number]]));
    const { agrees, shareOff, reason = '' } = compareGolden(this.#manifest, this.#golden, byName);
    if (!agrees) this.#cache?.delete(this.#key).catch(() => undefined);
    return { agrees, shareOff, reason };
  }

  /** Runs the sample in somebody's turn, and remembers a pass or forgets one. */
  async runAndRemember(session: Session): Promise<Verdict> {
    const verdict = this.compare(await this.run(session));
    // A cache that fails here costs the next visit one golden run.
    if (verdict.agrees) this.#cache?.set(this.#key, toBytes({ shareOff: verdict.shareOff })).catch(() => undefined);
    return verdict;
  }
}
