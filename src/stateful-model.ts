/** A handle on a model that may keep a state from call to call: the LSTM of a voice detector, the frames that a filter has seen. */
import type { Prediction, PredictOptions } from './api/model.js';
import type { InputSpec } from './manifest/manifest.js';
import type { AnyInputs, AnyOutputs, Tensor } from './manifest/signature.js';
import { LoadedModel } from './model.js';

/** A state: the input that takes it, and the output that gives the next one. */
interface Kept {
  readonly input: string;
  readonly output: string;
}

/** The state at each of its inputs. */
type States = Readonly<Record<string, Pick<Tensor, 'data' | 'shape'>>>;

/**
 * The state is an input of the graph, and its next value is an output: engines keep nothing, so that a model may move to another backend
 * between two calls. Each handle has a state of its own. Its calls run one after another; one that fails leaves the state as it was.
 */
export class StatefulModel<I = AnyInputs, O = AnyOutputs> extends LoadedModel<I, O> {
  readonly #kept: readonly Kept[] = keptBy(this.signature.inputs);
  #states: States | undefined;
  #waiting = 0;
  /** Settles after the call that was made last. */
  #last: Promise<unknown> = Promise.resolve();

  override predict(inputs: I): Promise<Prediction<O, I>>;
  override predict<const K extends keyof O = keyof O>(inputs: I, options: PredictOptions<O, K>): Promise<Prediction<Pick<O, K>, I>>;
  override predict(inputs: I, options: PredictOptions<O> = {}): Promise<Prediction<O, I>> {
    if (this.#kept.length === 0) return super.predict(inputs, options);
    // A call takes its inputs at once, unless another one is under way.
    const call = this.#waiting === 0 ? this.#next(inputs, options) : this.#last.then(() => this.#next(inputs, options));
    this.#follow(call);
    return call;
  }

  override resetState(): void {
    super.resetState();
    const reset = () => {
      this.#states = undefined;
    };
    if (this.#waiting === 0) reset();
    else this.#follow(this.#last.then(reset));
  }

  /** Lets what comes later wait for a step. */
  #follow(step: Promise<unknown>): void {
    this.#waiting++;
    this.#last = step
      .catch(() => undefined)
      .then(() => {
        this.#waiting--;
      });
  }

  /** Runs a call on the state that the one before left. An app may give a state, and ask for one, by its name. */
  async #next(inputs: I, options: PredictOptions<O>): Promise<Prediction<O, I>> {
    const kept = this.#kept;
    const next = kept.map(({ output }) => output);
    const wanted = options.outputs ?? Object.keys(this.signature.outputs).filter((name) => !next.includes(name));
    const both = [...new Set([...wanted, ...next])] as (keyof O)[];
    const prediction = await super.predict({ ...this.#states, ...inputs }, { ...options, outputs: both });
    const outputs = prediction.outputs as Readonly<Record<string, Tensor | undefined>>;
    // The app's fallback, where it answers, need not give a state. Arrays of outputs are the caller's, so that copies are kept.
    if (kept.every(({ output }) => outputs[output] !== undefined))
      this.#states = Object.fromEntries(kept.map(({ input, output }) => [input, copied(outputs[output] as Tensor)]));
    const named = Object.entries(prediction.outputs as object).filter(([name]) => (wanted as readonly string[]).includes(name));
    return { ...prediction, outputs: Object.fromEntries(named) as O };
  }
}

const copied = ({ data, shape }: Tensor): States[string] => ({ data: data.slice(), shape });

const keptBy = (inputs: Readonly<Record<string, InputSpec>>): readonly Kept[] =>
  Object.entries(inputs).flatMap(([input, { state }]) => (state === undefined ? [] : [{ input, output: state.output }]));
