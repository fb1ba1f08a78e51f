/** Recurrent layers, unrolled over a known number of steps, one way through time or both ways. */
import type { TypedValue } from '../../graph/graph.js';
import { isOpen, type Size } from '../../graph/size.js';
import { shapeText } from '../../graph/tensor.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { CELL_CLASSES, CELLS, type Cell } from './cells.js';
import { type Call, knownSize, type Rule, reshaped, sizeAt } from './rule.js';
import type { Settings } from './settings.js';

/** The result of all steps. */
interface Run {
  /** In the order in which they were computed. */
  readonly outputs: readonly TypedValue[];
  readonly states: readonly TypedValue[];
}

/** The layers that run cells. */
const RECURRENT = [...CELLS.keys(), 'RNN'];

/** The number of steps, which must be known, since each becomes nodes of its own. */
function stepsOf({ settings }: Call, x: TypedValue): number {
  const count = sizeAt(x, 1);
  if (isOpen(count))
    throw settings.refused(
      'with an open time axis: it is unrolled over a known number of steps. Fix the length, e.g. inputShape: [20, 8], and save again',
    );
  if (count > LIMITS.timeSteps) throw settings.refused(`over ${count} steps: it is unrolled, over at most ${LIMITS.timeSteps}`);
  return count;
}

/** The cells of a layer, each with the call that its weights and settings are of. */
function cellsOf(call: Call): readonly { readonly cell: Cell; readonly within: Call }[] {
  const { settings, parts } = call;
  const own = CELLS.get(settings.kind);
  if (own !== undefined) return [{ cell: own, within: call }];
  const inner = settings.inner('cell');
  settings.skipRepeated(inner);
  if (inner.kind !== 'StackedRNNCells') return [{ cell: cellOf(inner), within: call.with({ settings: inner }) }];
  return inner.inners('cells').map((each, index) => {
    // Keras names weights by the cell, and TF.js by its number.
    const weights = parts.weightsOf(each, `${parts.scope}/${inner.name}/${each.name}`, `${parts.scope}/RNNCell_${index}`);
    return { cell: cellOf(each), within: call.with({ settings: each, weights }) };
  });
}

function cellOf(settings: Settings): Cell {
  const cell = CELL_CLASSES.get(settings.kind);
  if (cell !== undefined) return cell;
  const known = [...CELL_CLASSES.keys()].join(', ');
  throw settings.refused(
    `because its class is no cell that is known: ${known} are`,
    'Use one of those, or run the step in the app: give and return the states.',
  );
}

/** Runs the cells of a layer over all steps, one cell after the other, since no cell reads what a later one computes. */
function unroll(call: Call, isBackwards: boolean, start: readonly TypedValue[]): Run {
  const { settings } = call;
  const x = call.inputs[0] as TypedValue;
  const { shape } = x.type;
  if (shape.length !== 3) throw broken(`${settings.what} takes 3 dimensions, batch included, but is given ${shape.length}.`);
  settings.only('stateful', [false], 'a packed model keeps nothing between predicts. Give and return the states instead');
  settings.only('time_major', [false], 'time must be the second axis');
  settings.only('num_constants', [0], 'a cell takes its input and states');
  const cells = cellsOf(call);
  if (cells.length > 1 && (start.length > 0 || settings.flag('return_state', false)))
    throw settings.refused('with states of several cells: they are given and returned in nested lists');
  const [first, ...more] = cells;
  if (first === undefined) throw settings.wrong('cell', 'at least one cell');
  let run = steps(first.within, first.cell, isBackwards, start);
  for (const { cell, within } of more) run = steps(within.with({ inputs: [answer(call, run.outputs, true)] }), cell, false, []);
  return run;
}

/** Runs one cell over all steps. */
function steps(call: Call, cell: Cell, isBackwards: boolean, start: readonly TypedValue[]): Run {
  const { settings } = call;
  const x = call.inputs[0] as TypedValue;
  const units = settings.whole('units');
  const count = stepsOf(call, x);
  knownSize(call, x, 2);
  if (start.length !== 0 && start.length !== cell.states)
    throw broken(`${settings.what} is given ${start.length} initial states; it has ${cell.states}.`);
  for (const { type } of start)
    if (type.shape.length !== 2 || type.shape[1] !== units)
      throw broken(`${settings.what} is given an initial state ${shapeText(type.shape)}; it has ${units} units.`);
  const { inputs, step } = cell.build(call, x, units);
  const cuts = call.ops('split', [inputs], { axis: 1, splits: Array<Size>(count).fill(1) }, count);
  let states: readonly TypedValue[] | undefined = start.length === 0 ? undefined : start;
  const outputs = (isBackwards ? cuts.toReversed() : cuts).map((cut) => {
    const after = step(reshaped(call, cut, [sizeAt(cut, 0), sizeAt(cut, 2)]), states);
    states = after;
    return after[0];
  });
  return { outputs, states: states ?? [] };
}

/** The last output, or all outputs in the given order. */
function answer(call: Call, outputs: readonly TypedValue[], returnsAll: boolean): TypedValue {
  if (!returnsAll) return outputs.at(-1) as TypedValue;
  const rows = outputs.map((output) => reshaped(call, output, [sizeAt(output, 0), 1, sizeAt(output, 1)]));
  return call.op('concat', rows, { axis: 1 });
}

const recurrent: Rule = (call) => {
  const { settings, inputs } = call;
  const { outputs, states } = unroll(call, settings.flag('go_backwards', false), inputs.slice(1));
  const y = answer(call, outputs, settings.flag('return_sequences', false));
  return settings.flag('return_state', false) ? [y, ...states] : [y];
};

/** Runs a layer in its own direction and in the other one, or a layer of its own in that. */
const bidirectional: Rule = (call) => {
  const { settings, inputs, parts } = call;
  settings.only('num_constants', [0], 'a cell takes its input and states');
  const inner = settings.inner('layer');
  // Keras 3 always writes the other layer, and Keras 2 if it was given.
  const isGiven = settings.value('backward_layer') !== undefined;
  const other = isGiven ? settings.inner('backward_layer') : inner;
  for (const { kind } of [inner, other])
    if (!RECURRENT.includes(kind)) throw settings.refused(`around a ${kind}; ${RECURRENT.join(', ')} are known`);
  const isBackwards = inner.flag('go_backwards', false);
  if (isGiven && other.flag('go_backwards', false) === isBackwards) throw settings.refused('around two layers of one direction');
  for (const key of ['return_sequences', 'return_state'])
    if (other.flag(key, false) !== inner.flag(key, false)) throw settings.refused(`around layers whose ${key} differs`);
  const start = inputs.slice(1);
  if (start.length % 2 !== 0) throw broken(`${settings.what} is given ${start.length} initial states; both ways want as many.`);
  const run = (way: 'forward' | 'backward') => {
    const layer = way === 'forward' ? inner : other;
    // The names of weights have the direction; that of a layer has it in Keras 3, unless the layer was given.
    const named = `${parts.scope}/${layer.name}`;
    const scope = layer.name.startsWith(`${way}_`) ? named : `${parts.scope}/${way}_${layer.name}`;
    const weights = parts.weightsOf(layer, scope, named);
    const half = way === 'forward' ? start.slice(0, start.length / 2) : start.slice(start.length / 2);
    return unroll(call.with({ settings: layer, scope, weights }), isBackwards !== (way === 'backward'), half);
  };
  const [forward, backward] = [run('forward'), run('backward')];
  const returnsAll = inner.flag('return_sequences', false);
  const y = answer(call, forward.outputs, returnsAll);
  const back = answer(call, returnsAll ? backward.outputs.toReversed() : backward.outputs, returnsAll);
  const states = inner.flag('return_state', false) ? [...forward.states, ...backward.states] : [];
  return settings.isNull('merge_mode') ? [y, back, ...states] : [merged(), ...states];

  function merged(): TypedValue {
    switch (settings.choice('merge_mode', ['concat', 'sum', 'ave', 'mul'], 'concat')) {
      case 'concat':
        return call.op('concat', [y, back], { axis: y.type.shape.length - 1 });
      case 'sum':
        return call.op('add', [y, back], {});
      case 'ave':
        return call.op('mul', [call.op('add', [y, back], {}), call.number(0.5)], {});
      case 'mul':
        return call.op('mul', [y, back], {});
    }
  }
};

/** The recurrent layers. */
export const RECURRENT_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ...RECURRENT.map((kind) => [kind, recurrent] as const),
  ['Bidirectional', bidirectional],
];
