/** Which arguments of a call rules read besides the inputs. A call with any other one is refused. */

/** The arguments that a class of layer takes. */
export interface Arguments {
  /** Tensors behind the first argument, in Keras's order. */
  readonly positional?: readonly string[];
  /** Tensors that are given by name. */
  readonly tensors?: readonly string[];
  /** Arguments that are true or false. */
  readonly flags?: readonly string[];
  /** The argument whose tensors follow the inputs: Keras 2 lists them as inputs, Keras 3 gives them by name. */
  readonly states?: string;
}

const SCORES = ['use_causal_mask', 'return_attention_scores'];
const HEADS: Arguments = { positional: ['value', 'key'], tensors: ['attention_mask'], flags: SCORES };
const STATES: Arguments = { states: 'initial_state' };

/** The arguments by class. */
export const ARGUMENTS: ReadonlyMap<string, Arguments> = new Map([
  ['Attention', { flags: SCORES }],
  ['AdditiveAttention', { flags: SCORES }],
  ['MultiHeadAttention', HEADS],
  ['GroupQueryAttention', HEADS],
  ['GroupedQueryAttention', HEADS],
  ['CategoryEncoding', { positional: ['count_weights'] }],
  ['ReversibleEmbedding', { flags: ['reverse'] }],
  ...['RNN', 'SimpleRNN', 'LSTM', 'GRU', 'Bidirectional'].map((kind) => [kind, STATES] as const),
]);
