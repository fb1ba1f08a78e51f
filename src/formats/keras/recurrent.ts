/** Recurrent layers, unrolled over a known number of steps. The inputs of all steps are multiplied in one matrix product. */
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import type { Weight } from '../tfjs/weights.js';
import { activate, activationOf } from './activations.js';
import { attr, type GraphTensor } from './builder.js';
import { matrixProduct } from './core.js';
import { type Call, knownSize, type Rule } from './rule.js';
import type { Settings } from './settings.js';
import type { LayerWeights } from './weights.js';

/** One step. It takes the product of its input and the states before it, and returns the states after it; the first one is the output. */
type Step = (input: GraphTensor, states: readonly GraphTensor[] | undefined) => readonly [GraphTensor, ...GraphTensor[]];

/** A kind of recurrent layer. */
interface Cell {
  /** Width of the kernels, in units. */
  readonly gates: number;
  readonly states: number;
  /** Makes the products of all steps' inputs, and the step. */
  build(call: Call, x: GraphTensor, units: number): { readonly inputs: GraphTensor; readonly step: Step };
}

/** The result of all steps. */
interface Run {
  /** In the order in which they were computed. */
  readonly outputs: readonly GraphTensor[];
  readonly states: readonly GraphTensor[];
}

const sum = ({ graph, scope }: Call, a: GraphTensor, b: GraphTensor): GraphTensor => graph.op(scope, 'AddV2', [a, b], a.shape);
const product = ({ graph, scope }: Call, a: GraphTensor, b: GraphTensor): GraphTensor => graph.op(scope, 'Mul', [a, b], a.shape);

/** Splits a tensor into parts of equal width along the last axis. */
function parts({ graph, scope }: Call, x: GraphTensor, count: number): readonly GraphTensor[] {
  const axis = x.shape.length - 1;
  const shape = [...x.shape.slice(0, -1), (x.shape[axis] as number) / count];
  const split = graph.op(scope, 'Split', [graph.whole(axis), x], shape, { num_split: attr.whole(count) });
  return Array.from({ length: count }, (_, index) => ({ ...split, ref: index === 0 ? split.ref : `${split.ref}:${index}` }));
}

const biasFlag = (settings: Settings) => settings.flag('use_bias', true);

const SIMPLE: Cell = {
  gates: 1,
  states: 1,
  build(call, x, units) {
    const { settings, graph, weights } = call;
    const { kernel, recurrent } = kernels(call, x, units, 1);
    const bias = biasFlag(settings) ? graph.weight(weights.take('bias', [units])) : undefined;
    const activation = activationOf(settings, 'activation', 'tanh');
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h] = states ?? [];
        return [
          activate(
            call,
            h === undefined ? input : sum(call, input, matrixProduct(call, h, graph.weight(recurrent), undefined)),
            activation,
          ),
        ];
      },
    };
  },
};

const LSTM: Cell = {
  gates: 4,
  states: 2,
  build(call, x, units) {
    const { settings, graph, weights } = call;
    const { kernel, recurrent } = kernels(call, x, units, 4);
    const bias = biasFlag(settings) ? graph.weight(weights.take('bias', [4 * units])) : undefined;
    const activation = activationOf(settings, 'activation', 'tanh');
    const gate = activationOf(settings, 'recurrent_activation', 'hard_sigmoid');
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h, c] = states ?? [];
        const z = h === undefined ? input : sum(call, input, matrixProduct(call, h, graph.weight(recurrent), undefined));
        const [i, f, candidate, o] = parts(call, z, 4) as [GraphTensor, GraphTensor, GraphTensor, GraphTensor];
        const fresh = product(call, activate(call, i, gate), activate(call, candidate, activation));
        const carry = c === undefined ? fresh : sum(call, product(call, activate(call, f, gate), c), fresh);
        return [product(call, activate(call, o, gate), activate(call, carry, activation)), carry];
      },
    };
  },
};

const GRU: Cell = {
  gates: 3,
  states: 1,
  build(call, x, units) {
    const { settings, graph, scope, weights } = call;
    const { kernel, recurrent } = kernels(call, x, units, 3);
    const activation = activationOf(settings, 'activation', 'tanh');
    const gate = activationOf(settings, 'recurrent_activation', 'hard_sigmoid');
    /** z·h + (1 − z)·candidate. */
    const blend = (z: GraphTensor, h: GraphTensor | undefined, candidate: GraphTensor) => {
      const fresh = product(call, graph.op(scope, 'Sub', [graph.number(1), z], z.shape), candidate);
      return h === undefined ? fresh : sum(call, product(call, z, h), fresh);
    };
    if (settings.flag('reset_after', false)) {
      // With `reset_after`, Keras's newer kind, the recurrent product has its own bias and is reset after it.
      const biases = biasFlag(settings) ? weights.take('bias', [2, 3 * units]) : undefined;
      const [bias, inner] = biases === undefined ? [] : [rowOf(biases, 0, [3 * units]), rowOf(biases, 1, [1, 3 * units])];
      return {
        inputs: matrixProduct(call, x, kernel, bias && graph.weight(bias)),
        step: (input, states) => {
          const [h] = states ?? [];
          const moved = h && matrixProduct(call, h, graph.weight(recurrent), undefined);
          const own = inner && graph.weight(inner);
          const state = moved && own ? sum(call, moved, own) : (moved ?? own);
          const [xz, xr, xh] = parts(call, input, 3) as [GraphTensor, GraphTensor, GraphTensor];
          const [hz, hr, hh] = state === undefined ? [] : parts(call, state, 3);
          const z = activate(call, hz === undefined ? xz : sum(call, xz, hz), gate);
          const r = activate(call, hr === undefined ? xr : sum(call, xr, hr), gate);
          const candidate = activate(call, hh === undefined ? xh : sum(call, xh, product(call, r, hh)), activation);
          return [blend(z, h, candidate)];
        },
      };
    }
    const bias = biasFlag(settings) ? graph.weight(weights.take('bias', [3 * units])) : undefined;
    const [gateKernel, candidateKernel] = [columnsOf(recurrent, 0, 2 * units), columnsOf(recurrent, 2 * units, 3 * units)];
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h] = states ?? [];
        const [xz, xr, xh] = parts(call, input, 3) as [GraphTensor, GraphTensor, GraphTensor];
        if (h === undefined) return [blend(activate(call, xz, gate), h, activate(call, xh, activation))];
        const [hz, hr] = parts(call, matrixProduct(call, h, graph.weight(gateKernel), undefined), 2) as [GraphTensor, GraphTensor];
        const z = activate(call, sum(call, xz, hz), gate);
        const r = activate(call, sum(call, xr, hr), gate);
        const hh = matrixProduct(call, product(call, r, h), graph.weight(candidateKernel), undefined);
        return [blend(z, h, activate(call, sum(call, xh, hh), activation))];
      },
    };
  },
};

const CELLS: ReadonlyMap<string, Cell> = new Map([
  ['SimpleRNN', SIMPLE],
  ['LSTM', LSTM],
  ['GRU', GRU],
]);

/** The weights of a cell in Keras's order, the bias last. */
function kernels({ graph, weights }: Call, x: GraphTensor, units: number, gates: number) {
  const kernel = graph.weight(weights.take('kernel', [x.shape[2] as number, gates * units]));
  return { kernel, recurrent: weights.take('recurrent_kernel', [units, gates * units]) };
}

/** Columns of a matrix as a weight of their own, so that no step slices the matrix. */
function columnsOf(weight: Weight, from: number, to: number): Weight {
  const [rows, columns] = weight.shape as readonly number[] as readonly [number, number];
  const bytesPerValue = weight.bytes.length / (rows * columns);
  const bytes = new Uint8Array(rows * (to - from) * bytesPerValue);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    bytes.set(weight.bytes.subarray((start + from) * bytesPerValue, (start + to) * bytesPerValue), row * (to - from) * bytesPerValue);
  }
  return { ...weight, name: `${weight.name}/columns_${from}`, shape: [rows, to - from], bytes };
}

/** One row of a matrix as a weight of its own. */
function rowOf(weight: Weight, row: number, shape: readonly number[]): Weight {
  const length = weight.bytes.length / (weight.shape[0] as number);
  return { ...weight, name: `${weight.name}/row_${row}`, shape, bytes: weight.bytes.subarray(row * length, (row + 1) * length) };
}

/** Runs a cell over all steps. */
function unroll(call: Call, cell: Cell, isBackwards: boolean, start: readonly GraphTensor[]): Run {
  const { settings, graph, scope } = call;
  const x = call.inputs[0] as GraphTensor;
  if (x.shape.length !== 3) throw broken(`${settings.what} takes 3 dimensions, batch included, but is given ${x.shape.length}.`);
  settings.only('stateful', [false], 'a packed model keeps nothing between predicts. Give and return the states instead');
  settings.only('time_major', [false], 'time must be the second axis');
  const units = settings.whole('units');
  const count = x.shape[1] ?? null;
  if (count === null)
    throw settings.refused(
      'with an open time axis: it is unrolled over a known number of steps. Fix the length, e.g. inputShape: [20, 8], and save again',
    );
  if (count > LIMITS.timeSteps) throw settings.refused(`over ${count} steps: it is unrolled, over at most ${LIMITS.timeSteps}`);
  knownSize(call, x, 2);
  if (start.length !== 0 && start.length !== cell.states)
    throw broken(`${settings.what} is given ${start.length} initial states; it has ${cell.states}.`);
  for (const { shape } of start)
    if (shape.length !== 2 || shape[1] !== units)
      throw broken(`${settings.what} is given an initial state of ${shape[1]} values; it has ${units} units.`);
  const { inputs, step } = cell.build(call, x, units);
  const split = graph.op(scope, 'Unpack', [inputs], [null, cell.gates * units], { axis: attr.whole(1), num: attr.whole(count) });
  const steps = Array.from({ length: count }, (_, index) => ({ ...split, ref: index === 0 ? split.ref : `${split.ref}:${index}` }));
  let states: readonly GraphTensor[] | undefined = start.length === 0 ? undefined : start;
  const outputs = (isBackwards ? steps.toReversed() : steps).map((input) => {
    const after = step(input, states);
    states = after;
    return after[0];
  });
  return { outputs, states: states ?? [] };
}

/** The last output, or all outputs in the given order. */
function answer({ graph, scope }: Call, outputs: readonly GraphTensor[], returnsAll: boolean): GraphTensor {
  const last = outputs.at(-1) as GraphTensor;
  if (!returnsAll) return last;
  const shape = [null, outputs.length, last.shape[1] ?? null];
  return graph.op(scope, 'Pack', outputs, shape, { N: attr.whole(outputs.length), axis: attr.whole(1) });
}

const recurrent =
  (cell: Cell): Rule =>
  (call) => {
    const { settings, inputs } = call;
    const { outputs, states } = unroll(call, cell, settings.flag('go_backwards', false), inputs.slice(1));
    const y = answer(call, outputs, settings.flag('return_sequences', false));
    return settings.flag('return_state', false) ? [y, ...states] : [y];
  };

/** Runs a layer in its own direction and in the other one. */
const bidirectional: Rule = (call) => {
  const { settings, graph, scope, inputs } = call;
  settings.only('backward_layer', [], 'the same layer must serve both ways');
  const inner = settings.inner('layer');
  const cell = CELLS.get(inner.kind);
  if (cell === undefined) throw settings.refused(`around a ${inner.kind}; ${[...CELLS.keys()].join(', ')} are known`);
  const isBackwards = inner.flag('go_backwards', false);
  const start = inputs.slice(1);
  if (start.length % 2 !== 0) throw broken(`${settings.what} is given ${start.length} initial states; both ways want as many.`);
  const run = (way: 'forward' | 'backward') => {
    const weights: LayerWeights = call.weightsOf(inner, `${scope}/${way}_${inner.name}`);
    const half = way === 'forward' ? start.slice(0, start.length / 2) : start.slice(start.length / 2);
    return unroll({ ...call, settings: inner, scope: `${scope}/${way}`, weights }, cell, isBackwards !== (way === 'backward'), half);
  };
  const [forward, backward] = [run('forward'), run('backward')];
  const returnsAll = inner.flag('return_sequences', false);
  const y = answer(call, forward.outputs, returnsAll);
  const back = answer(call, returnsAll ? backward.outputs.toReversed() : backward.outputs, returnsAll);
  const states = inner.flag('return_state', false) ? [...forward.states, ...backward.states] : [];
  return settings.isNull('merge_mode') ? [y, back, ...states] : [merged(), ...states];

  function merged(): GraphTensor {
    switch (settings.choice('merge_mode', ['concat', 'sum', 'ave', 'mul'], 'concat')) {
      case 'concat': {
        const axis = y.shape.length - 1;
        const shape = [...y.shape.slice(0, -1), 2 * (y.shape[axis] as number)];
        return graph.op(scope, 'ConcatV2', [y, back, graph.whole(axis)], shape, { N: attr.whole(2) });
      }
      case 'sum':
        return sum(call, y, back);
      case 'ave':
        return product(call, sum(call, y, back), graph.number(0.5));
      case 'mul':
        return product(call, y, back);
    }
  }
};

/** The recurrent layers. */
export const RECURRENT_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ...[...CELLS].map(([kind, cell]) => [kind, recurrent(cell)] as const),
  ['Bidirectional', bidirectional],
];
