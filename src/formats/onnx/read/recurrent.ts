/** Reads recurrent layers: their steps stand in the graph one behind the other, so that the number of steps must be known. */
import type { TypedValue } from '../../../graph/graph.js';
import type { Size } from '../../../graph/size.js';
import { LIMITS } from '../../limits.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import { ACTIVATIONS } from './activation-names.js';
import type { Call, Importer, Importers } from './call.js';
import { closed } from './window.js';

type Curve = (value: TypedValue) => TypedValue;

/** The weights of one direction. */
interface Direction {
  /** Those of the input and of the state, [channels, gates · units]. */
  readonly input: TypedValue;
  readonly state: TypedValue;
  /** Biases of the gates, that of the input and that of the state; undefined without biases. */
  readonly biases: readonly [input: TypedValue, state: TypedValue] | undefined;
  /** The weights of an LSTM's peepholes for its input, output and forget gates. */
  readonly peepholes: readonly TypedValue[] | undefined;
  readonly curves: readonly Curve[];
  readonly units: number;
}

/** The tensors that go from one step to the next: the state, and an LSTM's cell. */
interface State {
  readonly hidden: TypedValue;
  readonly cell: TypedValue | undefined;
}

/** Computes one step. @param x the step's part of the input [batch, channels] */
type Cell = (call: Call, x: TypedValue, state: State, direction: Direction) => State;

/** A cell, how many gates it has, and the activations that it has by default. */
interface Kind {
  readonly cell: Cell;
  readonly gates: number;
  readonly activations: readonly string[];
}

const add = (call: Call, ...values: readonly (TypedValue | undefined)[]): TypedValue =>
  values.filter((each) => each !== undefined).reduce((sum, each) => call.apply('add', sum, each));

/** The sums of all gates of one step. */
function sums(call: Call, x: TypedValue, { hidden }: State, { input, state, biases }: Direction): TypedValue {
  return add(call, call.apply('matmul', x, input), call.apply('matmul', hidden, state), biases?.[0], biases?.[1]);
}

const gatesOf = (call: Call, value: TypedValue, count: number, units: number): readonly TypedValue[] =>
  call.steps('split', [value], { axis: value.type.shape.length - 1, splits: Array<Size>(count).fill(units) });

const simpleCell: Cell = (call, x, state, direction) => {
  const [curve] = direction.curves as readonly [Curve];
  return { hidden: curve(sums(call, x, state, direction)), cell: undefined };
};

/** Gates in the order input, output, forget, cell; peepholes in the order input, output, forget. */
const lstmCell: Cell = (call, x, state, direction) => {
  const { peepholes, units } = direction;
  const [f, g, h] = direction.curves as readonly [Curve, Curve, Curve];
  const [input, output, forget, update] = gatesOf(call, sums(call, x, state, direction), 4, units) as [
    TypedValue,
    TypedValue,
    TypedValue,
    TypedValue,
  ];
  const before = state.cell as TypedValue;
  const seeing = (gate: TypedValue, cell: TypedValue, index: number) =>
    peepholes === undefined ? gate : call.apply('add', gate, call.apply('mul', peepholes[index] as TypedValue, cell));
  const opened = f(seeing(input, before, 0));
  const isCoupled = call.attributes.flag('input_forget');
  const kept = isCoupled ? call.apply('sub', call.number(1), opened) : f(seeing(forget, before, 2));
  const cell = call.apply('add', call.apply('mul', kept, before), call.apply('mul', opened, g(update)));
  return { cell, hidden: call.apply('mul', f(seeing(output, cell, 1)), h(cell)) };
};

/** Gates in the order update, reset, hidden. */
const gruCell: Cell = (call, x, { hidden }, { input, state, biases, curves, units }) => {
  const [f, g] = curves as readonly [Curve, Curve];
  const three = (value: TypedValue) => gatesOf(call, value, 3, units) as readonly [TypedValue, TypedValue, TypedValue];
  const [ofInput, ofState] = [biases && three(biases[0]), biases && three(biases[1])];
  const [xUpdate, xReset, xHidden] = three(call.apply('matmul', x, input));
  const [wUpdate, wReset, wHidden] = three(state);
  const gate = (own: TypedValue, weights: TypedValue, index: 0 | 1) =>
    f(add(call, own, call.apply('matmul', hidden, weights), ofInput?.[index], ofState?.[index]));
  const [update, reset] = [gate(xUpdate, wUpdate, 0), gate(xReset, wReset, 1)];
  const isLinear = call.attributes.flag('linear_before_reset');
  const seen = isLinear
    ? call.apply('mul', reset, add(call, call.apply('matmul', hidden, wHidden), ofState?.[2]))
    : add(call, call.apply('matmul', call.apply('mul', reset, hidden), wHidden), ofState?.[2]);
  const made = g(add(call, xHidden, seen, ofInput?.[2]));
  const kept = call.apply('mul', update, hidden);
  return { hidden: call.apply('add', call.apply('mul', call.apply('sub', call.number(1), update), made), kept), cell: undefined };
};

const KINDS: Readonly<Record<'RNN' | 'LSTM' | 'GRU', Kind>> = {
  RNN: { cell: simpleCell, gates: 1, activations: ['tanh'] },
  LSTM: { cell: lstmCell, gates: 4, activations: ['sigmoid', 'tanh', 'tanh'] },
  GRU: { cell: gruCell, gates: 3, activations: ['sigmoid', 'tanh'] },
};

/** The part of a tensor at one index of its first axis, without that axis. */
function at(call: Call, value: TypedValue, index: number): TypedValue {
  const { shape } = value.type;
  const part = call.step('slice', [value], {
    starts: shape.map((_, axis) => (axis === 0 ? index : 0)),
    sizes: shape.with(0, 1),
    strides: shape.map(() => 1),
  });
  return call.reshaped(part, shape.slice(1));
}

/** The activations of one direction. */
function curvesOf(call: Call, kind: Kind, index: number): readonly Curve[] {
  const { length } = kind.activations;
  const names = call.attributes.texts('activations')?.slice(index * length, (index + 1) * length) ?? kind.activations;
  const [alphas, betas] = [call.attributes.numbers('activation_alpha'), call.attributes.numbers('activation_beta')];
  const limit = call.attributes.number('clip', Number.POSITIVE_INFINITY);
  return names.map((name, place) => {
    const key = name.toLowerCase();
    const activation = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined;
    if (activation === undefined) throw cannotExpress(`has the activation "${name}"`);
    const clipped = (value: TypedValue) =>
      limit === Number.POSITIVE_INFINITY ? value : call.step('clamp', [value], { min: -limit, max: limit });
    return (value) => activation(call, clipped(value), alphas?.[index * length + place], betas?.[index * length + place]);
  });
}

function directionOf(call: Call, kind: Kind, index: number): Direction {
  const units = closed(call.type(2).shape[2], 'a state');
  const transposed = (from: number) => at(call, call.valueTransposed(from, [0, 2, 1]), index);
  const biases = call.has(3) ? gatesOf(call, at(call, call.value(3), index), 2, kind.gates * units) : undefined;
  const peepholes = kind.gates === 4 && call.has(7) ? gatesOf(call, at(call, call.value(7), index), 3, units) : undefined;
  return {
    input: transposed(1),
    state: transposed(2),
    biases: biases as Direction['biases'],
    peepholes,
    curves: curvesOf(call, kind, index),
    units,
  };
}

/** Lengths of sequences that are shorter than the input would stop each one at another step. */
function checkLengths(call: Call, steps: number): void {
  if (!call.has(4)) return;
  const lengths = call.constant(4);
  if (!lengths?.data.every((length) => length === steps)) throw cannotExpress('has sequences of several lengths');
}

/** All hidden states [steps, directions, batch, units], and the last states [directions, batch, units]. */
const recurrent =
  (kind: Kind): Importer =>
  (call) => {
    const { attributes } = call;
    const batchFirst = attributes.flag('layout');
    const input = batchFirst ? call.transposed(call.ofRank(3), [1, 0, 2]) : call.ofRank(3);
    const steps = closed(input.type.shape[0], 'a sequence');
    if (steps > LIMITS.timeSteps || steps === 0) throw cannotExpress(`has ${steps} steps; 1 to ${LIMITS.timeSteps} are unrolled`);
    checkLengths(call, steps);
    const parts = call.steps('split', [input], { axis: 0, splits: Array<Size>(steps).fill(1) });
    const xs = parts.map((part) => call.reshaped(part, input.type.shape.slice(1)));
    const batch = input.type.shape[1] as Size;
    const given = attributes.text('direction', 'forward');
    const reversals = given === 'bidirectional' ? [false, true] : [given === 'reverse'];
    const runs = reversals.map((isReversed, index) => {
      const direction = directionOf(call, kind, index);
      const { units } = direction;
      let state: State = {
        hidden: startOf(call, 5, index, batch, units),
        cell: kind.gates === 4 ? startOf(call, 6, index, batch, units) : undefined,
      };
      const states = (isReversed ? xs.toReversed() : xs).map((x) => {
        state = kind.cell(call, x, state, direction);
        return state.hidden;
      });
      return { states: isReversed ? states.toReversed() : states, last: state, units };
    });
    const stacked = (values: readonly TypedValue[], axis: number) =>
      call.step(
        'concat',
        values.map((value) => call.reshaped(value, value.type.shape.toSpliced(axis, 0, 1))),
        { axis },
      );
    const all = stacked(
      runs.map(({ states }) => stacked(states, 0)),
      1,
    );
    const last = stacked(
      runs.map(({ last }) => last.hidden),
      0,
    );
    const outputs = [batchFirst ? call.transposed(all, [2, 0, 1, 3]) : all, batchFirst ? call.transposed(last, [1, 0, 2]) : last];
    if (kind.gates !== 4) return outputs;
    const cells = stacked(
      runs.map(({ last }) => last.cell as TypedValue),
      0,
    );
    return [...outputs, batchFirst ? call.transposed(cells, [1, 0, 2]) : cells];
  };

/** The state that a direction begins with; of a layer whose batch comes first, it does so there, too. */
function startOf(call: Call, input: number, index: number, batch: Size, units: number): TypedValue {
  if (!call.has(input)) return call.step('expand', [call.number(0)], { newShape: [batch, units] });
  const value = call.attributes.flag('layout') ? call.transposed(call.value(input), [1, 0, 2]) : call.value(input);
  return at(call, value, index);
}

export const RECURRENT_IMPORTERS: Importers = {
  RNN: recurrent(KINDS.RNN),
  LSTM: recurrent(KINDS.LSTM),
  GRU: recurrent(KINDS.GRU),
};
