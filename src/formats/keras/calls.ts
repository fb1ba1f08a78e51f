/** Reads how the layers of a functional model are called: Keras 2 and Keras 3 write it in different forms. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, objectAt, textAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { ARGUMENTS, type Arguments } from './arguments.js';
import { isOperatorClass } from './operators.js';
import { CONVERT, type Settings } from './settings.js';

/** One output of one call of a layer. */
export interface Source {
  readonly layer: string;
  /** The index of the call, for a layer that is called several times. */
  readonly call: number;
  readonly output: number;
}

/** An input of a call: an output of another call, or, in `x * 2`, a number. */
export type Operand = Source | number;

/** A call of a layer, as the file has it. */
export interface LayerCall {
  readonly inputs: readonly Operand[];
  /** Further tensors by the names of the arguments. */
  readonly tensors: ReadonlyMap<string, Source>;
  /** The arguments that are true. */
  readonly flags: ReadonlySet<string>;
}

export const isSource = (operand: Operand): operand is Source => typeof operand !== 'number';

/** All outputs of other calls that a call takes. */
export const sourcesOf = ({ inputs, tensors }: LayerCall): readonly Source[] => [...inputs.filter(isSource), ...tensors.values()];

/**
 * Whether an entry of a model's layers is an operator of Keras 3, which is named as a layer may be: `ops.numpy.Multiply` takes its
 * operands one by one, where the layer Multiply takes a list. Files in HDF5 leave the module out.
 */
export function isOperator({ class_name: kind, module, inbound_nodes: calls }: Fields): boolean {
  if (typeof module === 'string') return /^keras(\.src)?\.ops(\.|$)/.test(module);
  const [first] = Array.isArray(calls) ? calls : [];
  const args: unknown = typeof first === 'object' && first !== null && 'args' in first ? first.args : undefined;
  return isOperatorClass(kind, Array.isArray(args) ? args.length : 0);
}

/**
 * Reads a call. Keras 2 lists `[layer, call, output, arguments]`, Keras 3 has arguments that contain tensors.
 * @param isOperator whether the layer takes its operands one by one
 * @throws {PannierError} `model-format` for an argument that changes what the layer computes, and that no rule takes
 */
export function readCall(call: unknown, settings: Settings, place: string, isOperator: boolean): LayerCall {
  const read = new ArgumentReader(settings, place);
  if (Array.isArray(call)) {
    const inputs = isOperator ? readOperands(call, read, place) : readSources(call, place, ([extras]) => read.all(extras ?? {}));
    return read.call(inputs);
  }
  const { args, kwargs } = objectAt(call, place);
  read.all(kwargs ?? {});
  const given = arrayAt(args, `${place}.args`, LIMITS.layers);
  if (isOperator) return read.call(given.map((each) => (typeof each === 'number' ? each : readTensor(each, place))));
  const [first, ...more] = given;
  for (const [index, each] of more.entries()) read.positional(index, each);
  return read.call(tensorsOf(first).map((tensor) => readTensor(tensor, place)));
}

/** Reads the arguments of one call. */
class ArgumentReader {
  readonly #settings: Settings;
  readonly #place: string;
  readonly #taken: Arguments;
  readonly #tensors = new Map<string, Source>();
  readonly #flags = new Set<string>();
  #states: readonly Source[] = [];

  constructor(settings: Settings, place: string) {
    this.#settings = settings;
    this.#place = place;
    this.#taken = ARGUMENTS.get(settings.kind) ?? {};
  }

  /** Arguments by name. `null` and `false` are the default of each. */
  all(given: unknown): void {
    for (const [key, value] of Object.entries(objectAt(given, `${this.#place}'s arguments`))) {
      // Keras 3 replaces `training` when the model predicts, and writes it for each layer that changes pictures in training.
      const isReplaced = key === 'training' && this.#settings.keras === 3;
      if (value !== null && value !== false && !isReplaced) this.#one(key, value);
    }
  }

  /** An argument by its place behind the inputs. */
  positional(index: number, value: unknown): void {
    const { positional = [], states } = this.#taken;
    const key = [...positional, ...(states === undefined ? [] : [states])][index];
    if (key === undefined) throw broken(`${this.#place} has ${index + 2} arguments; one, the inputs, is wanted.`);
    if (value !== null && value !== false) this.#one(key, value);
  }

  call(inputs: readonly Operand[]): LayerCall {
    if (inputs.length === 0) throw broken(`${this.#place} has no inputs; at least one is wanted.`);
    return { inputs: [...inputs, ...this.#states], tensors: this.#tensors, flags: this.#flags };
  }

  #one(key: string, value: unknown): void {
    const { positional = [], tensors = [], flags = [], states } = this.#taken;
    if (value === true && flags.includes(key)) this.#flags.add(key);
    else if ([...positional, ...tensors].includes(key)) this.#tensors.set(key, this.#source(value));
    else if (key === states) this.#states = this.#sources(value);
    else
      throw this.#settings.refused(`with the argument ${key} of ${this.#place}: no rule reads it`, `Call the layer without it. ${CONVERT}`);
  }

  #source(value: unknown): Source {
    return Array.isArray(value) ? readSource(value, this.#place) : readTensor(value, this.#place);
  }

  #sources(value: unknown): readonly Source[] {
    if (!Array.isArray(value)) return [this.#source(value)];
    return typeof value[0] === 'string' ? [this.#source(value)] : value.map((each) => this.#source(each));
  }
}

/** The operands of Keras 2's operators: the first stands where a layer's input does, the second among the arguments, as `y`. */
function readOperands(call: readonly unknown[], read: ArgumentReader, place: string): Operand[] {
  const [layer, index, output, extras] = call.length === 1 && Array.isArray(call[0]) ? (call[0] as readonly unknown[]) : call;
  const { y, ...others } = objectAt(extras ?? {}, `${place}'s arguments`);
  read.all({ ...others, name: null });
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
  if (given === undefined) return [];
  if (Array.isArray(given)) return given;
  const isObjectOfTensors = typeof given === 'object' && given !== null && !('class_name' in given);
  return isObjectOfTensors ? sortedEntries(given as Fields).map(([, tensor]) => tensor) : [given];
}

/** Fields in the order of their names. */
export const sortedEntries = (fields: Fields): readonly (readonly [key: string, value: unknown])[] =>
  Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));

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
