/** A model that is open on the compiled engine. */
import { PannierError } from '../../base/errors.js';
import { now } from '../../base/timing.js';
import type { Call, RunResult, Session } from '../engine.js';
import { failedAs } from '../failed-as.js';
import { answerOf, type OpenOutput } from './answering.js';
import { givenTo, type OpenInput, rowsOf } from './feeding.js';
import type { LoadedModule } from './load-module.js';
import { viewOf } from './memory-view.js';

/** A module whose inputs and outputs are found in its memory. */
interface OpenModule extends LoadedModule {
  readonly inputs: readonly OpenInput[];
  readonly outputs: ReadonlyMap<string, OpenOutput>;
}

function opened(module: LoadedModule): OpenModule {
  const { plan, exports } = module;
  return {
    ...module,
    inputs: plan.inputs.map((input) => ({ ...input, view: viewOf(exports.memory, plan, input) })),
    outputs: new Map(
      plan.outputs.map((each) => [each.name, 'tailValue' in each ? each : { ...each, view: viewOf(exports.memory, plan, each) }]),
    ),
  };
}

export class CompiledSession implements Session {
  /** A run that fails leaves nothing in memory that another run would read, so that the session is never lost. */
  readonly lost = undefined;
  readonly #name: string;
  readonly #onDispose: () => void;
  #module: OpenModule | undefined;
  #hasRun = false;

  constructor(name: string, module: LoadedModule, onDispose: () => void) {
    this.#name = name;
    this.#module = opened(module);
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

  #run({ plan, exports, tail, inputs, outputs }: OpenModule, call: Call): RunResult {
    const startMs = now();
    const given = givenTo(inputs, call.feeds);
    const openRows = rowsOf(given);
    const answers = call.outputs.map((name) => {
      const output = outputs.get(name);
      if (output === undefined) throw new PannierError('predict', `The model was opened without an output "${name}".`);
      return answerOf(output, openRows);
    });
    const preparedMs = now();
    let readMs = 0;
    // No run changes an input, so that those without rows are copied once.
    for (const { input, values, rows } of given) if (rows === undefined) input.view.set(values);
    for (let row = 0; row < (openRows ?? 1); row++) {
      for (const { input, values, rows } of given)
        if (rows !== undefined) input.view.set(values.subarray(row * input.view.length, (row + 1) * input.view.length));
      exports.run(plan.arenaAddress);
      const ranMs = now();
      for (const { copyRow } of answers) copyRow(row);
      readMs += now() - ranMs;
    }
    const tailValues = answers.some(({ isOfTail }) => isOfTail) ? tail?.(exports.memory) : undefined;
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
