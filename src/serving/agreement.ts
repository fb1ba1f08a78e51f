/** Whether a backend computes what the original graph computed: tested once, remembered, tested again in idle time. */
import type { Engine, Session } from '../engine/engine.js';
import { compareGolden, goldenFeeds } from '../engine/golden.js';
import type { Manifest } from '../manifest.js';
import { TFJS_VERSION, VERSION } from '../version.js';
import { toBytes, type WeightsCache } from '../weights/cache.js';

/** A golden run's outcome; `reason` is empty where it agrees. */
export interface Verdict {
  readonly agrees: boolean;
  readonly shareOff: number;
  readonly reason: string;
}

export class Agreement {
  readonly #manifest: Manifest;
  readonly #golden: ArrayBuffer;
  readonly #cache: WeightsCache | null;
  readonly #key: string;

  /** @param golden the verified bytes of the golden sample */
  constructor(manifest: Manifest, golden: ArrayBuffer, engine: Engine, cache: WeightsCache | null) {
    this.#manifest = manifest;
    this.#golden = golden;
    this.#cache = cache;
    // Whatever could change the answer: model, code, browser, GPU.
    this.#key = `golden:${[manifest.hash, engine.name, engine.backend, engine.identity, VERSION, TFJS_VERSION, globalThis.navigator?.userAgent].join(' ')}`;
  }

  /** Whether an earlier visit's pass still counts here. */
  async isRemembered(): Promise<boolean> {
    const pass = await this.#cache?.get(this.#key).catch(() => undefined);
    return pass !== undefined;
  }

  /**
   * Runs the golden sample and remembers a pass, or forgets one.
   * @param inTurn waits for the engine's queue
   */
  async test(inTurn: <T>(step: () => Promise<T>) => Promise<T>, session: Session): Promise<Verdict> {
    const { signature, golden } = this.#manifest;
    const names = Object.keys(golden.outputs);
    const nodes = names.map((name) => signature.outputs[name]?.node ?? name);
    const { outputs } = await inTurn(() => session.run(goldenFeeds(this.#manifest, this.#golden), nodes, Number.POSITIVE_INFINITY));
    const byName = Object.fromEntries(names.map((name, index) => [name, outputs[index] as (typeof outputs)[number]]));
    const { agrees, shareOff, reason = '' } = compareGolden(this.#manifest, this.#golden, byName);
    // A cache that fails here costs the next visit one golden run.
    const kept = agrees ? this.#cache?.set(this.#key, toBytes({ shareOff })) : this.#cache?.delete(this.#key);
    kept?.catch(() => undefined);
    return { agrees, shareOff, reason };
  }
}
