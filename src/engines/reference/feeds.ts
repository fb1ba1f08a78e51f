/** Binds what a graph is fed with to its inputs, and its open sizes to numbers. */
import { sizeOf } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { roundToHalf } from '../../base/float16.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import type { Graph } from '../../graph/graph.js';
import { evaluate, isOpen, namesIn, type Size } from '../../graph/size.js';
import { type Tensor, type TensorType, typeText } from '../../graph/tensor.js';

/** The tensors and open sizes that a run of a graph computes with. */
export interface Bound {
  /** By the names of the inputs. */
  readonly tensors: Map<string, Tensor>;
  /** The numbers that open sizes are, by their names. */
  readonly sizes: Map<string, number>;
}

/**
 * Checks the feeds of a graph.
 * @param feeds one tensor for each input, by its name
 * @throws {PannierError} `input`, naming the input and the axis
 */
export function bindFeeds({ inputs }: Graph, feeds: ReadonlyMap<string, Tensor>): Bound {
  const unknown = [...feeds.keys()].find((name) => !inputs.some((input) => input.name === name));
  if (unknown !== undefined)
    throw wrong(`The graph has no input "${unknown}". Its inputs are ${inputs.map(({ name }) => `"${name}"`).join(', ')}.`, unknown);
  const sizes = new Map<string, number>();
  const typed = inputs.map(({ name, type }) => ({
    name,
    type: type as TensorType,
    tensor: fed(name, type as TensorType, feeds.get(name)),
  }));
  // Names are bound first, since an expression may stand before the input that decides its names.
  for (const { name, type, tensor } of typed)
    for (const [axis, size] of type.shape.entries())
      if (isOpen(size) && namesIn(size).has(size.text)) bind(name, axis, size.text, tensor.shape[axis] as number, sizes);
  for (const { name, type, tensor } of typed)
    for (const [axis, size] of type.shape.entries()) checkSize(name, axis, size, tensor.shape[axis] as number, sizes);
  return { tensors: new Map(typed.map(({ name, tensor }) => [name, tensor])), sizes };
}

/** The tensor that is fed to an input: of its element type and rank, with as many values as its shape says, all of them valid. */
function fed(name: string, type: TensorType, tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw wrong(`The graph's input "${name}" is not fed; it takes ${typeText(type)}.`, name);
  const { dataType, shape, data } = tensor;
  if (dataType !== type.dataType || shape.length !== type.shape.length)
    throw wrong(`Input "${name}" takes ${typeText(type)}, but is fed with ${typeText(tensor)}.`, name);
  if (!(data instanceof DATA_TYPES[dataType]) || data.length !== sizeOf(shape))
    throw wrong(`Input "${name}" is fed with ${data.length} values in a ${data.constructor.name} for ${typeText(tensor)}.`, name);
  const problem = wrongValueIn(tensor);
  if (problem !== undefined) throw wrong(`Input "${name}" ${problem}.`, name);
  if (dataType !== 'float16') return tensor;
  const rounded = data.slice() as Float32Array<ArrayBuffer>;
  roundToHalf(rounded);
  return { dataType, shape, data: rounded };
}

/** The rest of a sentence about values of a tensor that its element type does not have; undefined if there are none. */
export function wrongValueIn({ dataType, data }: Tensor): string | undefined {
  if (dataType === 'bool' && data.some((value) => value > 1)) return 'has booleans that are not 0 or 1';
  if (dataType === 'int64' && !data.every(Number.isSafeInteger)) return 'has int64 values that are no whole numbers of at most 2^53 - 1';
  return undefined;
}

function bind(name: string, axis: number, openSize: string, length: number, sizes: Map<string, number>): void {
  const before = sizes.get(openSize) ?? length;
  if (before !== length)
    throw wrong(`Input "${name}" has the size ${length} along axis ${axis}, but "${openSize}" is ${before} in an input before it.`, name);
  sizes.set(openSize, length);
}

function checkSize(name: string, axis: number, size: Size, length: number, sizes: ReadonlyMap<string, number>): void {
  const unbound = [...namesIn(size)].find((each) => !sizes.has(each));
  const text = isOpen(size) ? size.text : '';
  if (unbound !== undefined)
    throw wrong(`Input "${name}" has the size "${text}" along axis ${axis}, but no input says what "${unbound}" is.`, name);
  const wanted = evaluate(size, sizes);
  if (wanted !== length) {
    const which = isOpen(size) ? `${wanted} ("${text}")` : `${wanted}`;
    throw wrong(`Input "${name}" takes the size ${which} along axis ${axis}, but is fed with ${length}.`, name);
  }
}

const wrong = (message: string, input: string): PannierError => new PannierError('input', message, { input });
