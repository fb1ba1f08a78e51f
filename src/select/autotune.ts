/**
 * The trial: every other pair that is right is raced against the one that serves, in idle time, one after
 * another; a faster one takes over between two calls. What came out is remembered for the next visits.
 * As Android's Acceleration Service does it, with the app's own model, and outside of the page's thread.
 */

import { type Candidate, FALLBACK, isSameTarget, type Measured, type Target, type TargetId } from '../api/candidate.js';
import { messageOf, PannierError } from '../base/errors.js';
import { pause, QUIET_MS, whenIdle } from '../base/idle.js';
import { toBytes } from '../base/json.js';
import { withDeadline } from '../base/promise.js';
import { clockTickMs, now } from '../base/timing.js';
import { adapterName, requestAdapter } from '../engines/adapter.js';
import { medianOf } from '../predict/stats.js';
import type { EngineHandle } from '../runtime/engine-pool.js';
import { Queue } from '../runtime/queue.js';
import type { Instance, Opened, ServedModel } from '../runtime/served-model.js';
import { attempt, type OpenContext } from './attempt.js';
import { circuitBreaker } from './circuit-breaker.js';
import { contestantAt } from './contestant.js';
import { tooLargeTwice } from './eligible.js';
import { hopelessReason, LEAST_PROBED_FLOPS } from './probe.js';
import { race } from './race.js';
import { type Choice, choiceKey, VALID_MS } from './remembered.js';
import { soundChoice } from './sound-choice.js';

/**
 * Longest that one stage of a challenger may take: less than for a model that has nothing else to run on,
 * for nobody waits, and a device that is busy for so long with something that no visitor sees is no faster one.
 */
const STAGE_LIMIT_MS = 20_000;

/** Calls by which it is known what a challenger is up against. */
const TIMED_ALONE = 3;

/** How long a verdict counts by which a pair was refused, which may have been for a while only: as long as a quarantine. */
const VALID_REFUSED_MS = 7 * 24 * 3_600_000;

/** One trial at a time on a page: two would measure each other. */
const line = new Queue();

export class Autotune {
  readonly #opened: ServedModel;
  readonly #supplies: OpenContext;
  readonly #signal: AbortSignal;
  #choice: Choice | undefined;
  #isUnderWay = false;
  readonly #awaited = new Set<string>();

  /** @param choice what an earlier visit found out, if anything */
  constructor(opened: ServedModel, supplies: OpenContext, choice: Choice | undefined) {
    this.#opened = opened;
    // A challenger on the page's own thread would freeze it.
    const backendDeadlineMs = Math.min(supplies.resolved.backendDeadlineMs, STAGE_LIMIT_MS);
    this.#supplies = { ...supplies, resolved: { ...supplies.resolved, pageWillDo: false, backendDeadlineMs } };
    this.#signal = opened.disposing.signal;
    this.#choice = soundChoice(choice);
  }

  /** Settles when all is measured, or known from an earlier visit; never rejects. */
  async begin(): Promise<void> {
    const { current: present } = this.#opened;
    if (present.handle.thread !== 'worker' || savesData()) return;
    const twice = tooLargeTwice(this.#supplies.manifest, this.#supplies.resolved);
    if (twice !== undefined) return this.#leaveUntried(twice);
    const choice = this.#choice;
    const isKnown = choice !== undefined && isSameTarget(choice.chosen, present);
    if (isKnown) this.#take(choice);
    await this.#quietly(async () => {
      if (!isKnown) await pause(QUIET_MS, this.#signal);
      await whenIdle(this.#signal);
      if (!isKnown || (await this.#presentAdapter()) !== choice.adapter) await this.#raceAll();
    });
  }

  #leaveUntried(reason: string): void {
    for (const each of this.#opened.selection)
      if (each.state === 'untried' && !isSameTarget(each, FALLBACK)) this.#opened.learn({ ...each, reason });
  }

  /** Verdicts of an earlier visit stand for what was not tried now. */
  #take({ selection }: Choice): void {
    for (const then of selection) {
      const known = this.#opened.selection.find((each) => isSameTarget(each, then));
      if (known?.state === 'untried') this.#opened.learn({ ...then, remembered: true });
      else if (known?.state === 'chosen' && then.p50Ms !== undefined) this.#opened.learn({ ...known, p50Ms: then.p50Ms, remembered: true });
    }
  }

  async #raceAll(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    await this.#quietly(async () => {
      for (const { state, backend, engine } of this.#opened.selection) {
        // What was refused a moment ago has had its chance.
        if (state === 'refused' || engine === 'app' || backend === 'fallback') continue;
        await this.#restingMoment();
        await line.run(() => this.#challenge({ engine, backend }), 'background', this.#signal);
      }
      this.#choice = undefined;
      await this.#remember({ adapter: await this.#presentAdapter() });
    });
    this.#isUnderWay = false;
    this.awaitReturns(this.#found);
  }

  /** Pairs that are held back for a while have another chance when it is over. */
  awaitReturns({ instance: { backend: serves, handle: pooled }, selection }: Pick<Opened, 'instance' | 'selection'>): void {
    const { manifest, resolved } = this.#supplies;
    // It would be opened beside the present one; with a fallback it is alone.
    if (serves !== 'fallback' && (pooled.thread === 'page' || tooLargeTwice(manifest, resolved) !== undefined)) return;
    for (const { state, engine, backend } of selection) {
      if (engine === 'app' || backend === 'fallback') continue;
      const afterMs = circuitBreaker.retryAfterMs(backend);
      if (state !== 'refused' || afterMs === undefined || this.#awaited.has(backend)) continue;
      this.#awaited.add(backend);
      void this.#comeBack({ engine, backend }, afterMs);
    }
  }

  /**
   * Where nothing is measured, a pair that stands before the present one returns as soon as it is right; else it has to win.
   */
  async #comeBack(pair: Target, afterMs: number): Promise<void> {
    await this.#quietly(async () => {
      await pause(afterMs, this.#signal);
      await this.#restingMoment();
      await line.run(() => this.#challenge(pair), 'background', this.#signal);
    });
    this.#awaited.delete(pair.backend);
    if (!this.#signal.aborted) this.awaitReturns(this.#found);
  }

  /** The page has time, and no predict is in flight. */
  async #restingMoment(): Promise<void> {
    await whenIdle(this.#signal);
    await this.#opened.current.handle.queue.run(async () => undefined, 'background', this.#signal);
  }

  async #challenge(pair: Target): Promise<void> {
    const incumbent = this.#opened.current;
    const { autotune: races, backends } = this.#supplies.resolved;
    const isStopgap = incumbent.backend === 'fallback';
    if (isSameTarget(pair, incumbent)) return;
    if (!races && !isStopgap && backends.indexOf(pair.backend) > backends.indexOf(incumbent.backend)) return;
    const supplies = races && !isStopgap ? await this.#doubting(incumbent) : this.#supplies;
    const tried = await attempt(pair, supplies, this.#signal, now(), 'challenger');
    if (!('accepted' in tried)) return this.#learnOf({ ...pair, state: 'refused', reason: tried.refused, ...tried.measured });
    const { accepted: challenger, measured } = tried;
    try {
      if (this.#opened.current.backend === 'fallback') await this.#moveTo(challenger, measured, `${pair.backend} can run the model again`);
      else if (races) await this.#raceWith(challenger, measured);
      else await this.#moveTo(challenger, measured, `${pair.backend} comes before ${incumbent.backend}`);
    } finally {
      if (this.#opened.current !== challenger) challenger.dispose();
    }
  }

  /** For pairs that have to win: none is opened for which that is out of reach. */
  async #doubting(incumbent: Instance): Promise<OpenContext> {
    const { manifest, resolved } = this.#supplies;
    if (manifest.flops < LEAST_PROBED_FLOPS) return this.#supplies;
    const callMs = await this.#timeAlone(incumbent);
    const doubt = (pooled: EngineHandle) => hopelessReason(manifest.flops, callMs, pooled, resolved.backendDeadlineMs, this.#signal);
    return { ...this.#supplies, doubt };
  }

  async #timeAlone(incumbent: Instance): Promise<number> {
    const { sample } = contestantAt(incumbent, incumbent, this.#signal);
    const timesMs: number[] = [];
    for (let run = 0; run <= TIMED_ALONE; run++)
      timesMs.push(await sample(1, Number.POSITIVE_INFINITY).catch(this.#retireWrong(incumbent)));
    // The first may compile.
    const p50Ms = medianOf(timesMs.slice(1));
    this.#opened.learn({ ...this.#known(incumbent), p50Ms });
    return p50Ms;
  }

  async #raceWith(challenger: Instance, measured: Measured): Promise<void> {
    const { engine, backend } = challenger;
    const incumbent = this.#opened.current;
    const sides = [contestantAt(incumbent, incumbent, this.#signal), contestantAt(challenger, incumbent, this.#signal)] as const;
    // Of the incumbent: what a challenger's samples threw is in the result.
    const result = await race(...sides, this.#signal, clockTickMs()).catch(this.#retireWrong(incumbent));
    const { verdict, reason, incumbentP50Ms, challengerP50Ms } = result;
    this.#opened.learn({ ...this.#known(incumbent), p50Ms: incumbentP50Ms });
    const timed = { ...measured, ...(challengerP50Ms !== undefined && { p50Ms: challengerP50Ms }) };
    if (verdict === 'faster') await this.#moveTo(challenger, timed, `${backend} is faster: ${reason}`);
    else this.#learnOf({ engine, backend, ...timed, state: verdict, reason });
  }

  /** How a challenger lost; nothing, where the model was opened on that very pair meanwhile. */
  #learnOf(challenger: Candidate): void {
    if (!isSameTarget(challenger, this.#opened.current)) this.#opened.learn(challenger);
  }

  #retireWrong(incumbent: Instance): (thrown: unknown) => never {
    return (thrown) => {
      if (thrown instanceof PannierError && thrown.code === 'backend-rejected') this.#supplies.retire(incumbent, messageOf(thrown));
      throw thrown;
    };
  }

  /** Between two calls: in a turn at the lowest priority nobody else waits. */
  async #moveTo(next: Instance, measured: Partial<Candidate>, reason: string): Promise<void> {
    const { engine, backend } = next;
    const before = this.#opened.current;
    const move = async () => {
      if (!this.#opened.isCurrent(before)) return;
      // Only a race says who is slower.
      const left = this.#supplies.resolved.autotune && before.backend !== 'fallback' ? 'slower' : 'untried';
      this.#opened.learn({ ...this.#known(before), state: left, reason });
      this.#opened.learn({ engine, backend, ...measured, state: 'chosen' });
      this.#opened.moveTo(next, reason);
    };
    await before.handle.queue.run(move, 'background', this.#signal);
  }

  get #found(): Pick<Opened, 'instance' | 'selection'> {
    return { instance: this.#opened.current, selection: this.#opened.selection };
  }

  #known(pair: TargetId): Candidate {
    return this.#opened.selection.find((each) => isSameTarget(each, pair)) as Candidate;
  }

  async #remember(news: Partial<Choice>): Promise<void> {
    const { backend, engine } = this.#opened.current;
    if (engine === 'app' || backend === 'fallback') return;
    const selection = this.#opened.selection
      .map(({ remembered, ...candidate }) => candidate)
      .filter((candidate) => !isSameTarget(candidate, FALLBACK));
    const validMs = selection.some(({ state }) => state === 'refused') ? VALID_REFUSED_MS : VALID_MS;
    this.#choice = { adapter: '', untilMs: Date.now() + validMs, ...this.#choice, chosen: { engine, backend }, selection, ...news };
    const cache = await this.#supplies.caching;
    // A cache that fails here costs the next visit a trial.
    await cache?.set(choiceKey(this.#supplies.manifest.hash), toBytes(this.#choice)).catch(() => undefined);
  }

  /** Empty where there is none, or a GPU that hangs. */
  #presentAdapter(): Promise<string> {
    const asking = requestAdapter().then(adapterName);
    return withDeadline(asking, this.#supplies.resolved.backendDeadlineMs, 'Asking for an adapter').catch(() => '');
  }

  /** A trial that breaks off, since the model was disposed or lost its backend, is nobody's error. */
  async #quietly(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch {
      // `selection` says how far it came.
    }
  }
}

/** A visitor who counts bytes is not made to download what may turn out slower. */
const savesData = (): boolean =>
  (globalThis as { navigator?: { connection?: { saveData?: boolean } } }).navigator?.connection?.saveData === true;
