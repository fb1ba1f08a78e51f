/** Reads how the layers of a functional model are called: Keras 2 and Keras 3 write it in different forms. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, objectAt, textAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { isOperatorClass } from './operators.js';

/** One output of one call of a layer. */
export interface Source {
  readonly layer: string;
  /** The index of the call, for a layer that is called several times. */
  readonly call: number;
  readonly output: number;
}

/** An argument of a call: an output of another call, or, in `x * 2`, a number. */
export type Operand = Source | number;

export const isSource = (operand: Operand): operand is Source => typeof operand !== 'number';

/**
 * Whether an entry of a model's layers is an operator of Keras 3, which is named as a layer may be: `ops.numpy.Multiply` takes its
 * operands one by one, where the layer Multiply takes a list. Files in HDF5 leave the module out.
 */
export function isOperator({ class_name: kind, module, inbound_nodes: calls }: Fields): boolean {
  if (typeof module === 'string') return /^keras(\.src)?\.ops(\.|$)/.test(module);
  const [first] = Array.isArray(calls) ? calls : [];
  const args: unknown = typeof first === 'object' && first !== null && 'args' in first ? first.args : undefined;
  return isOperatorClass(kind) && Array.isArray(args) && args.length > 1;
}

/**
 * Reads the inputs of a call. Keras 2 lists `[layer, call, output, arguments]`, Keras 3 has arguments that contain tensors.
 * @param takesNumbers whether the layer is an operator, which takes its operands one by one
 */
export function readCall(call: unknown, place: string, takesNumbers: boolean): Operand[] {
  if (Array.isArray(call)) return takesNumbers ? readOperands(call, place) : readInputs(call, place);
  const { args, kwargs } = objectAt(call, place);
  checkArguments(objectAt(kwargs ?? {}, `${place}.kwargs`), place);
  const given = arrayAt(args, `${place}.args`, LIMITS.layers);
  if (takesNumbers) return given.map((each) => (typeof each === 'number' ? each : readTensor(each, place)));
  if (given.length !== 1) throw broken(`${place} has ${given.length} arguments; one, the inputs, is wanted.`);
  return tensorsOf(given[0]).map((tensor) => readTensor(tensor, place));
}

const readInputs = (call: readonly unknown[], place: string): Source[] =>
  readSources(call, place, (extras) => {
    if (extras[0] !== undefined) checkArguments(objectAt(extras[0], `${place}'s arguments`), place);
  });

/** The operands of Keras 2's operators: the first stands where a layer's input does, the second among the arguments, as `y`. */
function readOperands(call: readonly unknown[], place: string): Operand[] {
  const [layer, index, output, extras] = call.length === 1 && Array.isArray(call[0]) ? (call[0] as readonly unknown[]) : call;
  const { y, ...others } = objectAt(extras ?? {}, `${place}'s arguments`);
  checkArguments({ ...others, name: null }, place);
  const first = layer === '_CONSTANT_VALUE' ? readNumber(output, place) : readSource([layer, index, output], place);
  if (y === undefined || y === null) return [first];
  return [first, Array.isArray(y) ? readSource(y, place) : readNumber(y, place)];
}

function readNumber(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw broken(`${place} takes ${describe(value)}; a tensor or a number is wanted.`);
  return value;
}

function readTensor(tensor: unknown, place: string): Source {
  const config = objectAt(objectAt(tensor, place)['config'], `${place}'s tensor`);
  return readSource(arrayAt(config['keras_history'], `${place}'s keras_history`, 3), place);
}

/** The tensors of an argument: one, a list, or an object of them, which Keras takes in the order of their names. */
function tensorsOf(given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given;
  const isObjectOfTensors = typeof given === 'object' && given !== null && !('class_name' in given);
  return isObjectOfTensors ? sortedEntries(given as Fields).map(([, tensor]) => tensor) : [given];
}

/** Fields in the order of their names. */
export const sortedEntries = (fields: Fields): readonly (readonly [key: string, value: unknown])[] =>
  Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Refuses arguments of a call, since they change what a layer computes. `null` and `false` are the default of each. */
function checkArguments(given: Fields, place: string): void {
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === false) continue;
    throw broken(`${place} has the argument ${key}, which Pannier does not take; call the layer with its inputs alone.`);
  }
}

/** One source, or a list of them. */
export function readSources(value: unknown, place: string, more: (extras: readonly unknown[]) => void = () => {}): Source[] {
  const list = arrayAt(value, place, LIMITS.layers);
  const sources = typeof list[0] === 'string' ? [list] : list;
  if (sources.length === 0) throw broken(`${place} is empty; at least one layer is wanted.`);
  return sources.map((each) => {
    const parts = arrayAt(each, place, 4);
    more(parts.slice(3));
    return readSource(parts, place);
  });
}

export function readSource([layer, call, output]: readonly unknown[], place: string): Source {
  const index = (number: unknown) => {
    if (!Number.isSafeInteger(number) || (number as number) < 0) throw broken(`${place} has ${describe(number)} for an index.`);
    return number as number;
  };
  return { layer: textAt(layer, `${place}'s layer`), call: index(call), output: index(output) };
}
