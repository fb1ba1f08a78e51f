/** Reads ops that run graphs: branches, and loops whose number of steps is known. */
import { PannierError } from '../../../base/errors.js';
import type { TypedValue } from '../../../graph/graph.js';
import type { Size } from '../../../graph/size.js';
import { typeText } from '../../../graph/tensor.js';
import { LIMITS } from '../../limits.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { ReadTensor } from '../../reading/tensors.js';
import type { GraphProto } from '../proto.js';
import type { Call, Importers } from './call.js';
import { closed } from './window.js';

/** The branch that a known condition takes. Both run where it is not known, and the condition chooses between their results. */
function branch(call: Call): readonly ReadTensor[] {
  const [then, otherwise] = [call.attributes.graph('then_branch'), call.attributes.graph('else_branch')];
  const condition = call.scalar(0);
  if (condition !== undefined) return call.subgraph(condition === 0 ? otherwise : then, []);
  const [a, b] = [then, otherwise].map((graph) => readBranch(call, graph)) as [readonly TypedValue[], readonly TypedValue[]];
  if (a.length !== b.length) throw call.broken('has branches of different numbers of outputs');
  return a.map((value, index) => {
    const other = b[index] as TypedValue;
    if (typeText(value.type) !== typeText(other.type))
      throw cannotExpress(`${decisionOf(call)}, and branches that give ${typeText(value.type)} and ${typeText(other.type)}`);
    return call.apply('where', call.reshaped(call.value(), []), value, other);
  });
}

function readBranch(call: Call, graph: GraphProto): readonly TypedValue[] {
  try {
    return call.subgraph(graph, []).map((each) => call.asValue(each));
  } catch (thrown) {
    if (!(thrown instanceof PannierError)) throw thrown;
    // The message that names both nodes ends with one full stop, and one address.
    throw cannotExpress(`${decisionOf(call)}, and a branch that is refused: ${thrown.message.replace(/\.(?: \(\S+\))?$/, '')}`);
  }
}

/** The reason for which a condition is not known, and the option that makes it known. */
function decisionOf(call: Call): string {
  const [input] = call.sourcesOf(call.value());
  return input === undefined
    ? 'has a condition on open sizes (say them: --shape NAME=1,512)'
    : `has a condition on input "${input.name}" (say its value, if it is always the same: --constant ${input.name}=NUMBER)`;
}

/** Unrolls a loop whose number of steps is known and whose condition stays true. What it scans out is stacked along a new first axis. */
function loop(call: Call): readonly ReadTensor[] {
  const body = call.attributes.graph('body');
  const steps = call.has(0) ? call.scalar(0) : undefined;
  if (steps === undefined) throw cannotExpress('runs until a condition that is not known');
  if (steps > LIMITS.timeSteps) throw cannotExpress(`has ${steps} steps; ${LIMITS.timeSteps} are unrolled`);
  const carriedCount = call.count - 2;
  let carried: readonly ReadTensor[] = Array.from(
    { length: carriedCount },
    (_, index) => call.knownSizes(index + 2) ?? call.value(index + 2),
  );
  let condition: ReadTensor = call.has(1) ? (call.knownSizes(1) ?? call.value(1)) : { dataType: 'bool', shape: [], sizes: [1] };
  const scanned: TypedValue[][] = [];
  for (let step = 0; step < steps; step++) {
    if (!isTrue(condition)) throw cannotExpress('ends by a condition that is computed');
    const [next, ...outputs] = call.subgraph(body, [{ dataType: 'int64', shape: [], sizes: [step] }, condition, ...carried]);
    carried = outputs.slice(0, carriedCount);
    scanned.push(outputs.slice(carriedCount).map((each) => call.asValue(each)));
    if (next === undefined || carried.length < carriedCount) throw call.broken('has a body that does not give what it takes');
    condition = next;
  }
  const first = scanned[0] ?? [];
  if (first.length < call.outputCount - carriedCount) throw cannotExpress('has no steps');
  return [
    ...carried,
    ...first.map((_, index) =>
      stacked(
        call,
        scanned.map((each) => each[index] as TypedValue),
        0,
      ),
    ),
  ];
}

/** Whether a condition is known to be true. */
function isTrue(condition: ReadTensor): boolean {
  return 'sizes' in condition && condition.sizes[0] === 1;
}

const stacked = (call: Call, values: readonly TypedValue[], axis: number): TypedValue =>
  call.step(
    'concat',
    values.map((value) => call.reshaped(value, value.type.shape.toSpliced(axis, 0, 1))),
    { axis },
  );

/** Unrolls a scan: a graph for each place along an axis of some inputs, which hands states on. */
function scan(call: Call): readonly ReadTensor[] {
  const { attributes } = call;
  if (call.opset < 9) throw cannotExpress('is of the first version of the op, which has a batch');
  const body = attributes.graph('body');
  const scannedCount = attributes.whole('num_scan_inputs');
  const stateCount = call.count - scannedCount;
  const axes = (name: string, index: number) => attributes.wholes(name)?.[index] ?? 0;
  const isBackwards = (name: string, index: number) => axes(name, index) === 1;
  const inputs = Array.from({ length: scannedCount }, (_, index) => {
    const value = call.value(stateCount + index);
    return { value, axis: call.axisOf(axes('scan_input_axes', index), value.type.shape.length) };
  });
  const steps = closed(inputs[0]?.value.type.shape[inputs[0].axis], 'a sequence');
  if (steps > LIMITS.timeSteps || steps === 0) throw cannotExpress(`has ${steps} steps; 1 to ${LIMITS.timeSteps} are unrolled`);
  const parts = inputs.map(({ value, axis }, index) => {
    const cut = call.steps('split', [value], { axis, splits: Array<Size>(steps).fill(1) });
    const all = cut.map((part) => call.reshaped(part, value.type.shape.toSpliced(axis, 1)));
    return isBackwards('scan_input_directions', index) ? all.toReversed() : all;
  });
  let states: readonly ReadTensor[] = call.values(0, stateCount);
  const scanned: TypedValue[][] = [];
  for (let step = 0; step < steps; step++) {
    const outputs = call.subgraph(body, [...states, ...parts.map((all) => all[step] as TypedValue)]);
    states = outputs.slice(0, stateCount);
    if (states.length < stateCount) throw call.broken('has a body that does not give what it takes');
    scanned.push(outputs.slice(stateCount).map((each) => call.asValue(each)));
  }
  const first = scanned[0] ?? [];
  return [
    ...states,
    ...first.map((value, index) => {
      const all = scanned.map((each) => each[index] as TypedValue);
      const axis = call.axisOf(axes('scan_output_axes', index), value.type.shape.length + 1);
      return stacked(call, isBackwards('scan_output_directions', index) ? all.toReversed() : all, axis);
    }),
  ];
}

export const CONTROL_IMPORTERS: Importers = { If: branch, Loop: loop, Scan: scan };
