/** The cells of recurrent layers: what one step computes. The inputs of all steps are multiplied in one matrix product. */
import type { TypedValue } from '../../graph/graph.js';
import type { Weight } from '../tfjs/weights.js';
import { activate, activationOf } from './activations.js';
import { matrixProduct } from './core.js';
import { type Call, sizeAt } from './rule.js';

/** One step. It takes the product of its input and the states before it, and returns the states after it; the first one is the output. */
export type Step = (input: TypedValue, states: readonly TypedValue[] | undefined) => readonly [TypedValue, ...TypedValue[]];

/** A kind of recurrent layer. */
export interface Cell {
  readonly states: number;
  /** Makes the products of all steps' inputs, and the step. @param x [batch, steps, width], of a known width */
  build(call: Call, x: TypedValue, units: number): { readonly inputs: TypedValue; readonly step: Step };
}

const sum = (call: Call, a: TypedValue, b: TypedValue): TypedValue => call.op('add', [a, b], {});
const product = (call: Call, a: TypedValue, b: TypedValue): TypedValue => call.op('mul', [a, b], {});

/** Cuts a tensor into parts of equal width along the last axis. */
function parts(call: Call, x: TypedValue, count: number): readonly TypedValue[] {
  const axis = x.type.shape.length - 1;
  return call.ops('split', [x], { axis, splits: Array<number>(count).fill((sizeAt(x, axis) as number) / count) }, count);
}

const biasOf = (call: Call, width: number): TypedValue | undefined =>
  call.settings.flag('use_bias', true) ? call.weight('bias', [width]) : undefined;

/** The weights of a cell in Keras's order; the bias comes behind them. */
function kernels(call: Call, x: TypedValue, units: number, gates: number) {
  const kernel = call.weight('kernel', [sizeAt(x, 2) as number, gates * units]);
  return { kernel, recurrent: call.parts.weights.take('recurrent_kernel', [units, gates * units]) };
}

const SIMPLE: Cell = {
  states: 1,
  build(call, x, units) {
    const { kernel, recurrent } = kernels(call, x, units, 1);
    const bias = biasOf(call, units);
    const activation = activationOf(call.settings, 'activation', 'tanh');
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h] = states ?? [];
        const z = h === undefined ? input : sum(call, input, matrixProduct(call, h, call.constant(recurrent)));
        return [activate(call, z, activation)];
      },
    };
  },
};

const LSTM: Cell = {
  states: 2,
  build(call, x, units) {
    const { settings } = call;
    const { kernel, recurrent } = kernels(call, x, units, 4);
    const bias = biasOf(call, 4 * units);
    const activation = activationOf(settings, 'activation', 'tanh');
    const gate = activationOf(settings, 'recurrent_activation', 'hard_sigmoid');
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h, c] = states ?? [];
        const z = h === undefined ? input : sum(call, input, matrixProduct(call, h, call.constant(recurrent)));
        const [i, f, candidate, o] = parts(call, z, 4) as [TypedValue, TypedValue, TypedValue, TypedValue];
        const fresh = product(call, activate(call, i, gate), activate(call, candidate, activation));
        const carry = c === undefined ? fresh : sum(call, product(call, activate(call, f, gate), c), fresh);
        return [product(call, activate(call, o, gate), activate(call, carry, activation)), carry];
      },
    };
  },
};

/** z·h + (1 − z)·candidate. */
function blend(call: Call, z: TypedValue, h: TypedValue | undefined, candidate: TypedValue): TypedValue {
  const fresh = product(call, call.op('sub', [call.number(1), z], {}), candidate);
  return h === undefined ? fresh : sum(call, product(call, z, h), fresh);
}

/** A GRU as Cho et al. (2014) have it: the state is reset before the recurrent product. */
const GRU: Cell = {
  states: 1,
  build(call, x, units) {
    const { settings } = call;
    if (settings.flag('reset_after', false)) return RESET_AFTER.build(call, x, units);
    const { kernel, recurrent } = kernels(call, x, units, 3);
    const bias = biasOf(call, 3 * units);
    const activation = activationOf(settings, 'activation', 'tanh');
    const gate = activationOf(settings, 'recurrent_activation', 'hard_sigmoid');
    const [gateKernel, candidateKernel] = [columnsOf(recurrent, 0, 2 * units), columnsOf(recurrent, 2 * units, 3 * units)];
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h] = states ?? [];
        const [xz, xr, xh] = parts(call, input, 3) as [TypedValue, TypedValue, TypedValue];
        if (h === undefined) return [blend(call, activate(call, xz, gate), h, activate(call, xh, activation))];
        const [hz, hr] = parts(call, matrixProduct(call, h, call.constant(gateKernel)), 2) as [TypedValue, TypedValue];
        const z = activate(call, sum(call, xz, hz), gate);
        const r = activate(call, sum(call, xr, hr), gate);
        const hh = matrixProduct(call, product(call, r, h), call.constant(candidateKernel));
        return [blend(call, z, h, activate(call, sum(call, xh, hh), activation))];
      },
    };
  },
};

/** A GRU with `reset_after`, Keras's newer kind: the recurrent product has its own bias, and is reset after it. */
const RESET_AFTER: Cell = {
  states: 1,
  build(call, x, units) {
    const { settings, parts: callParts } = call;
    const { kernel, recurrent } = kernels(call, x, units, 3);
    const activation = activationOf(settings, 'activation', 'tanh');
    const gate = activationOf(settings, 'recurrent_activation', 'hard_sigmoid');
    const biases = settings.flag('use_bias', true) ? callParts.weights.take('bias', [2, 3 * units]) : undefined;
    const [bias, inner] = [0, 1].map((row) => biases && call.constant(rowOf(biases, row)));
    return {
      inputs: matrixProduct(call, x, kernel, bias),
      step: (input, states) => {
        const [h] = states ?? [];
        const [xz, xr, xh] = parts(call, input, 3) as [TypedValue, TypedValue, TypedValue];
        // Before the first step the state is zero, so that its product is the bias alone.
        const state = h === undefined ? inner : matrixProduct(call, h, call.constant(recurrent), inner);
        const [hz, hr, hh] = state === undefined ? [] : parts(call, state, 3);
        const z = activate(call, hz === undefined ? xz : sum(call, xz, hz), gate);
        const r = activate(call, hr === undefined ? xr : sum(call, xr, hr), gate);
        const candidate = activate(call, hh === undefined ? xh : sum(call, xh, product(call, r, hh)), activation);
        return [blend(call, z, h, candidate)];
      },
    };
  },
};

/** The kinds of recurrent layers by their classes. */
export const CELLS: ReadonlyMap<string, Cell> = new Map([
  ['SimpleRNN', SIMPLE],
  ['LSTM', LSTM],
  ['GRU', GRU],
]);

/** The same by the classes of cells, which the layer RNN runs. */
export const CELL_CLASSES: ReadonlyMap<string, Cell> = new Map([...CELLS].map(([kind, cell]) => [`${kind}Cell`, cell]));

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
function rowOf(weight: Weight, row: number): Weight {
  const length = weight.bytes.length / (weight.shape[0] as number);
  const bytes = weight.bytes.subarray(row * length, (row + 1) * length);
  return { ...weight, name: `${weight.name}/row_${row}`, shape: weight.shape.slice(1), bytes };
}
