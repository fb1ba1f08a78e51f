/**
 * Reads recurrent layers (tensorflow/lite/kernels/lstm_eval.cc, svdf.cc). Their steps stand in the graph one behind the other, so that the
 * number of steps must be known. Their state is kept from call to call.
 */
import type { TypedValue } from '../../../graph/graph.js';
import type { Size } from '../../../graph/size.js';
import { LIMITS } from '../../limits.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { closed } from '../../tfjs/read/window.js';
import { withActivation } from './activation.js';
import type { Call, Importers } from './call.js';

/** The inputs of an LSTM by their numbers. Gates stand in the order input, forget, cell, output. */
const LSTM = { input: 1, state: 5, peepholes: 9, biases: 12, projection: 16, hidden: 18, cell: 19, norms: 20, inputs: 24 } as const;

/** One gate: the weights of the input and of the state, transposed, and a bias. */
interface Gate {
  readonly ofInput: TypedValue;
  readonly ofState: TypedValue;
  readonly bias: TypedValue | null;
  readonly peephole: TypedValue | null;
}

function gateOf(call: Call, gate: number): Gate | undefined {
  if (!call.has(LSTM.input + gate)) return undefined;
  // The cell's gate sees no cell.
  const peephole = { 0: 0, 1: 1, 3: 2 }[gate];
  return {
    ofInput: call.valueTransposed(LSTM.input + gate, [1, 0]),
    ofState: call.valueTransposed(LSTM.state + gate, [1, 0]),
    bias: call.optional(LSTM.biases + gate),
    peephole: peephole === undefined ? null : call.optional(LSTM.peepholes + peephole),
  };
}

/** Numbers within a limit on both sides, or as they are where the limit is 0. */
const clipped = (call: Call, value: TypedValue, limit: number): TypedValue =>
  limit > 0 ? call.step('clamp', [value], { min: -limit, max: limit }) : value;

/** The sums of a gate. @param cell what its peephole sees */
function sums(call: Call, { ofInput, ofState, bias, peephole }: Gate, x: TypedValue, hidden: TypedValue, cell: TypedValue): TypedValue {
  const products = call.apply('add', call.apply('matmul', x, ofInput), call.apply('matmul', hidden, ofState));
  const seen = peephole === null ? products : call.apply('add', products, call.apply('mul', peephole, cell));
  return bias === null ? seen : call.apply('add', seen, bias);
}

/** Visits the steps of an input, and gives the answers to them. */
type Steps = (call: Call, step: (x: TypedValue) => TypedValue) => TypedValue;

/** An LSTM: without weights of the input gate, that is 1 less the forget gate. */
const lstm =
  (steps: Steps) =>
  (call: Call): TypedValue => {
    if (call.attributes.text('kernel', 'FULL') !== 'FULL') throw cannotExpress('has the kernel BASIC');
    if (Array.from({ length: LSTM.inputs - LSTM.norms }, (_, index) => LSTM.norms + index).some((index) => call.has(index)))
      throw cannotExpress('normalises its gates');
    if (call.attributes.text('activation') !== 'TANH') throw cannotExpress(`has the activation ${call.attributes.text('activation')}`);
    const gates = [0, 1, 2, 3].map((gate) => gateOf(call, gate));
    const [input, forget, update, output] = gates as unknown as readonly [Gate | undefined, Gate, Gate, Gate];
    const projection = call.has(LSTM.projection) ? call.valueTransposed(LSTM.projection, [1, 0]) : undefined;
    const projectionBias = call.optional(LSTM.projection + 1);
    const limits = { cell: call.attributes.number('cell_clip'), projection: call.attributes.number('proj_clip') };
    let [hidden, cell] = [call.value(LSTM.hidden), call.value(LSTM.cell)];
    const outputs = steps(call, (x) => {
      const kept = call.apply('sigmoid', sums(call, forget, x, hidden, cell));
      const opened =
        input === undefined
          ? call.apply('sub', call.number(1, 'float32'), kept)
          : call.apply('sigmoid', sums(call, input, x, hidden, cell));
      const fresh = call.apply('tanh', sums(call, update, x, hidden, cell));
      const next = call.apply('add', call.apply('mul', kept, cell), call.apply('mul', opened, fresh));
      cell = call.tensors.held(LSTM.cell, clipped(call, next, limits.cell));
      const shown = call.apply('sigmoid', sums(call, output, x, hidden, cell));
      hidden = call.apply('mul', shown, call.apply('tanh', cell));
      if (projection !== undefined) {
        const projected = call.apply('matmul', hidden, projection);
        hidden = clipped(call, projectionBias === null ? projected : call.apply('add', projected, projectionBias), limits.projection);
      }
      hidden = call.tensors.held(LSTM.hidden, hidden);
      return hidden;
    });
    call.tensors.keep(LSTM.hidden, hidden);
    call.tensors.keep(LSTM.cell, cell);
    return outputs;
  };

/** A plain recurrent layer. Inputs: the input, its weights, those of the state, a bias, and the state. */
const plain =
  (steps: Steps) =>
  (call: Call): TypedValue => {
    const STATE = 4;
    const [ofInput, ofState] = [call.valueTransposed(1, [1, 0]), call.valueTransposed(2, [1, 0])];
    let hidden = call.value(STATE);
    const outputs = steps(call, (x) => {
      const products = call.apply('add', call.apply('matmul', x, ofInput), call.apply('matmul', hidden, ofState));
      hidden = call.tensors.held(
        STATE,
        withActivation(call, (give) => give('add', [products, call.value(3)], {})),
      );
      return hidden;
    });
    call.tensors.keep(STATE, hidden);
    return outputs;
  };

/** The one step of an input [batch, channels]. */
const oneStep: Steps = (call, step) => step(call.ofRank(2));

/** The answers to each step of an input [batch, time, channels], or with time in front, along the same axis. */
function eachStep(call: Call, step: (x: TypedValue) => TypedValue): TypedValue {
  const input = call.ofRank(3);
  const axis = call.attributes.flag('time_major') ? 0 : 1;
  const count = closed(input.type.shape[axis] as Size, 'steps');
  if (count < 1 || count > LIMITS.timeSteps) throw cannotExpress(`has ${count} steps; 1 to ${LIMITS.timeSteps} are unrolled`);
  const answers = call.steps('split', [input], { axis, splits: Array<Size>(count).fill(1) }).map((part) => {
    const x = call.reshaped(part, part.type.shape.toSpliced(axis, 1));
    const answer = step(x);
    return call.reshaped(answer, answer.type.shape.toSpliced(axis, 0, 1));
  });
  return answers.length === 1 ? (answers[0] as TypedValue) : call.step('concat', answers, { axis });
}

/**
 * A filter over the last inputs (Nakkiran et al., Compressing Deep Neural Networks using a Rank-Constrained Topology, 2015): each unit
 * weighs the input, remembers as many of the results as the filter has places, and weighs these. State: [batch, filters · memory].
 */
function svdf(call: Call): TypedValue {
  const STATE = 4;
  const rank = call.attributes.whole('rank');
  const [filters, memory] = call.ofRank(2, 2).type.shape.map((size) => closed(size, 'a filter')) as [number, number];
  const [input, state] = [call.ofRank(2), call.value(STATE)];
  const batch = input.type.shape[0] as Size;
  if (rank < 1 || filters % rank !== 0) throw call.broken(`has ${filters} filters of rank ${rank}`);
  const seen = call.reshaped(call.apply('matmul', input, call.valueTransposed(1, [1, 0])), [batch, filters, 1]);
  const before = call.reshaped(state, [batch, filters, memory]);
  const later = call.step('slice', [before], { starts: [0, 0, 1], sizes: [batch, filters, memory - 1], strides: [1, 1, 1] });
  const newest = call.tensors.held(STATE, seen);
  const now = memory === 1 ? newest : call.step('concat', [later, newest], { axis: 2 });
  call.tensors.keep(STATE, call.reshaped(now, state.type.shape));
  const weighed = call.step('reduceSum', [call.apply('mul', now, call.value(2))], { axes: [2], keepDimensions: false });
  const units = call.reshaped(weighed, [batch, filters / rank, rank]);
  const summed = call.step('reduceSum', [units], { axes: [2], keepDimensions: false });
  const bias = call.optional(3);
  const result = bias === null ? summed : call.apply('add', summed, bias);
  const activation = call.attributes.text('activation');
  if (activation === 'NONE') return result;
  if (activation !== 'RELU') throw cannotExpress(`has the activation ${activation}`);
  return call.apply('relu', result);
}

export const RECURRENT_IMPORTERS: Importers = {
  ...{ LSTM: lstm(oneStep), UNIDIRECTIONAL_SEQUENCE_LSTM: lstm(eachStep) },
  ...{ RNN: plain(oneStep), UNIDIRECTIONAL_SEQUENCE_RNN: plain(eachStep) },
  SVDF: svdf,
};
