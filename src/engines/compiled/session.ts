/** A model that is open on the compiled engine. */
import { PannierError } from '../../base/errors.js';
import { now } from '../../base/timing.js';
import type { Call, RunResult, Session } from '../engine.js';
import { failedAs } from '../failed-as.js';
import { answerOf, type OpenOutput, type TailValues } from './answering.js';
import { fits, givenTo, type OpenInput, rowsOf } from './feeding.js';
import type { LoadedModule, ModuleExports } from './load-module.js';
import { viewOf } from './memory-view.js';
import { runName } from './plan.js';

/** A variant of the graph whose inputs and outputs are found in the module's memory. */
interface OpenVariant {
  readonly inputs: readonly OpenInput[];
  readonly outputs: ReadonlyMap<string, OpenOutput>;
  /** Computes one row. */
  readonly run: () => void;
  readonly tail: (() => TailValues) | undefined;
  hasRun: boolean;
}

const openVariants = ({ plan, exports, tails }: LoadedModule): readonly OpenVariant[] =>
  plan.variants.map(({ inputs, outputs }, index) => {
    const tail = tails[index];
    const run = exports[runName(index)] as ModuleExports['run'];
    return {
      inputs: inputs.map((input) => ({ ...input, view: viewOf(exports.memory, plan, input) })),
      outputs: new Map(
        outputs.map((each) => [each.name, 'tailValue' in each ? each : { ...each, view: viewOf(exports.memory, plan, each) }]),
      ),
      run: () => run(plan.arenaAddress),
      tail: tail && (() => tail(exports.memory)),
      hasRun: false,
    };
  });

export class CompiledSession implements Session {
  /** A run that fails leaves nothing in memory that another run would read, so that the session is never lost. */
  readonly lost = undefined;
  readonly #name: string;
  readonly #onDispose: () => void;
  #variants: readonly OpenVariant[] | undefined;

  constructor(name: string, module: LoadedModule, onDispose: () => void) {
    this.#name = name;
    this.#variants = openVariants(module);
    this.#onDispose = onDispose;
  }

  async run(call: Call): Promise<RunResult> {
    const variants = this.#variants;
    if (variants === undefined) throw new PannierError('disposed', 'The session was disposed before its turn came.');
    try {
      // Feeds that fit no variant are refused by the first one.
      const variant = variants.find(({ inputs }) => fits(inputs, call.feeds)) ?? (variants[0] as OpenVariant);
      return runVariant(variant, call);
    } catch (thrown) {
      const context = `Running the module of model "${this.#name}" failed`;
      // Its messages about memory are of addresses, not of memory that ran out.
      if (thrown instanceof WebAssembly.RuntimeError)
        throw new PannierError('predict', `${context}: it trapped: ${thrown.message}`, {}, { cause: thrown });
      throw failedAs(thrown, context);
    }
  }

  dispose(): void {
    if (this.#variants === undefined) return;
    this.#variants = undefined;
    this.#onDispose();
  }
}

function runVariant(variant: OpenVariant, call: Call): RunResult {
  const { inputs, outputs, run, tail } = variant;
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
    run();
    const ranMs = now();
    for (const { copyRow } of answers) copyRow(row);
    readMs += now() - ranMs;
  }
  const tailValues = answers.some(({ isOfTail }) => isOfTail) ? tail?.() : undefined;
  const computedMs = now();
  const finished = answers.map(({ finish }) => finish(tailValues));
  const endMs = now();
  const cold = !variant.hasRun;
  variant.hasRun = true;
  return {
    outputs: finished,
    prepareMs: preparedMs - startMs,
    computeMs: computedMs - preparedMs - readMs,
    readMs: readMs + endMs - computedMs,
    cold,
  };
}
