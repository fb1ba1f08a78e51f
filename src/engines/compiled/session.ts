/** A model that is open on the compiled engine. */
import { PannierError } from '../../base/errors.js';
import { now } from '../../base/timing.js';
import type { Call, RunResult, Session } from '../engine.js';
import { failedAs } from '../failed-as.js';
import { answerOf } from './answering.js';
import { givenTo, rowsOf } from './feeding.js';
import type { LoadedModule } from './load-module.js';
import { viewOf } from './memory-view.js';

export class CompiledSession implements Session {
  /** A run that fails leaves nothing in memory that another run would read, so that the session is never lost. */
  readonly lost = undefined;
  readonly #name: string;
  readonly #onDispose: () => void;
  #module: LoadedModule | undefined;
  #hasRun = false;

  constructor(name: string, module: LoadedModule, onDispose: () => void) {
    this.#name = name;
    this.#module = module;
    this.#onDispose = onDispose;
  }

  async run(call: Call): Promise<RunResult> {
    if (this.#module === undefined) throw new PannierError('disposed', 'The session was disposed before its turn came.');
    try {
      return this.#run(this.#module, call);
    } catch (thrown) {
      const context = `Running the module of model "${this.#name}" failed`;
      // Its messages about memory are of addresses, not of memory that ran out.
      if (thrown instanceof WebAssembly.RuntimeError)
        throw new PannierError('predict', `${context}: it trapped: ${thrown.message}`, {}, { cause: thrown });
      throw failedAs(thrown, context);
    }
  }

  #run(module: LoadedModule, { feeds, outputs }: Call): RunResult {
    const { plan, exports, tail } = module;
    const { memory, run } = exports;
    const startMs = now();
    const given = givenTo(plan.inputs, feeds).map((each) => ({ ...each, view: viewOf(memory, plan, each.input) }));
    const openRows = rowsOf(given);
    const answers = outputs.map((name) => answerOf(module, name, openRows));
    const preparedMs = now();
    let readMs = 0;
    // No run changes an input, so that those without rows are copied once.
    for (const { view, values, rows } of given) if (rows === undefined) view.set(values);
    for (let row = 0; row < (openRows ?? 1); row++) {
      for (const { view, values, rows } of given)
        if (rows !== undefined) view.set(values.subarray(row * view.length, (row + 1) * view.length));
      run(plan.arenaAddress);
      const ranMs = now();
      for (const { copyRow } of answers) copyRow(row);
      readMs += now() - ranMs;
    }
    const tailValues = answers.some(({ isOfTail }) => isOfTail) ? tail?.(memory) : undefined;
    const computedMs = now();
    const finished = answers.map(({ finish }) => finish(tailValues));
    const endMs = now();
    const cold = !this.#hasRun;
    this.#hasRun = true;
    return {
      outputs: finished,
      prepareMs: preparedMs - startMs,
      computeMs: computedMs - preparedMs - readMs,
      readMs: readMs + endMs - computedMs,
      cold,
    };
  }

  dispose(): void {
    if (this.#module === undefined) return;
    this.#module = undefined;
    this.#onDispose();
  }
}
