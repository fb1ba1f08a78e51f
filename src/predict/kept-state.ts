/** The state that a handle keeps from call to call: the LSTM of a voice detector, the frames that a filter has seen. */
import type { InputSpec } from '../manifest/manifest.js';
import type { AnyOutputs, Tensor } from '../manifest/signature.js';
import type { Feed, TensorFeed } from '../preprocess/feed.js';

/** A state: the input that takes it, and the output that gives the next one. */
interface Kept {
  readonly input: string;
  readonly output: string;
}

type State = Pick<Tensor, 'dtype' | 'shape' | 'data'>;

/**
 * The state is an input of the graph, and its next value is an output: engines keep nothing, so that a model may move to another backend
 * between two calls. Each handle has a state of its own. Its calls run one after another; one that fails leaves the state as it was.
 * A model without a state has nothing here to wait for.
 */
export class KeptState {
  /** The outputs that give the next state. */
  readonly outputs: readonly string[];
  readonly #kept: readonly Kept[];
  /** The state at each of its inputs; empty before the first call. */
  #states: ReadonlyMap<string, State> = new Map();
  /** Settles when the call that was made last, and those before it, have ended; undefined if they have. */
  #last: Promise<void> | undefined;

  constructor(inputs: Readonly<Record<string, InputSpec>>) {
    this.#kept = Object.entries(inputs).flatMap(([input, { state }]) => (state === undefined ? [] : [{ input, output: state.output }]));
    this.outputs = this.#kept.map(({ output }) => output);
  }

  /** Begins a call at once, and lets it know when the calls before it have ended: undefined if it has none to wait for. */
  inTurn<T>(call: (before: Promise<void> | undefined) => Promise<T>): Promise<T> {
    if (this.#kept.length === 0) return call(undefined);
    const before = this.#last;
    const running = call(before);
    // A call that is aborted ends before its turn: the next one waits for those before both.
    const ended = Promise.allSettled([before, running]).then(() => {
      if (this.#last === ended) this.#last = undefined;
    });
    this.#last = ended;
    return running;
  }

  /** Lets the calls that are made from now on begin anew. */
  reset(): void {
    void this.inTurn(async (before) => {
      await before;
      this.#states = new Map();
    });
  }

  /**
   * The feeds of a call whose turn has come: the state takes the place of each of its inputs that the app did not give.
   * @param given the inputs as the app gave them, by name
   */
  feedsOf(feeds: readonly Feed[], given: object): readonly Feed[] {
    if (this.#states.size === 0) return feeds;
    return feeds.map((feed): Feed => {
      const state = (given as Readonly<Record<string, unknown>>)[feed.name] === undefined ? this.#states.get(feed.name) : undefined;
      return state === undefined ? feed : ({ kind: 'tensor', name: feed.name, ...state } as TensorFeed);
    });
  }

  /**
   * Keeps the next state. Arrays of outputs are the app's, so that copies are kept.
   * @param asked the outputs that the app asks for by name, which may be states; undefined for all but those
   * @returns the outputs that the app gets
   */
  keep(outputs: AnyOutputs, asked: readonly string[] | undefined): AnyOutputs {
    if (this.#kept.length === 0) return outputs;
    this.#states = new Map(this.#kept.map(({ input, output }) => [input, copied(outputs[output] as Tensor)]));
    const isShown = (name: string) => asked?.includes(name) ?? !this.outputs.includes(name);
    return Object.fromEntries(Object.entries(outputs).filter(([name]) => isShown(name)));
  }
}

const copied = ({ dtype, shape, data }: Tensor): State => ({ dtype, shape, data: data.slice() });
