/** Binds inputs of an ONNX model to sizes and values that hold in every call, so that what hangs on them can be worked out. */
import { sizeOf } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import { DATA_TYPES } from '../../graph/element-type.js';
import { dataTypeOf } from './element-types.js';
import type { GraphProto, ModelProto, TensorProto, ValueProto } from './proto.js';

/** The sizes of an input, or its values. */
export interface Binding {
  readonly shape?: readonly number[];
  /** One number for all elements, or a number for each; the input then is none of the model's any more. */
  readonly constant?: number | readonly number[];
}

/** The inputs that a file leaves to its caller: those without a value in the file. */
export const freeInputs = ({ inputs, initializers }: GraphProto): readonly ValueProto[] => {
  const given = new Set(initializers.map(({ name }) => name));
  return inputs.filter(({ name }) => !given.has(name));
};

/**
 * The model with some inputs bound. A size of one name is bound wherever the inputs have that name.
 * @param bindings by the names of inputs in the file
 * @throws {PannierError} `options` for a binding that an input's type contradicts
 */
export function bindInputs(model: ModelProto, bindings: ReadonlyMap<string, Binding>): ModelProto {
  const { graph } = model;
  if (graph === undefined || bindings.size === 0) return model;
  const free = freeInputs(graph);
  const named = new Map<string, number>();
  const place = (name: string) => `Option inputs["${name}"]`;
  for (const { name, shape } of free) {
    const sizes = bindings.get(name)?.shape;
    if (sizes === undefined || shape === undefined) continue;
    const fits = sizes.length === shape.length && shape.every((size, axis) => isOf(size, sizes[axis] as number, named));
    if (!fits) {
      const wanted = shape.map((size) => (typeof size === 'string' ? (named.get(size) ?? (size || '?')) : size));
      throw new PannierError('options', `${place(name)}.shape is [${sizes.join(', ')}], but the input is [${wanted.join(', ')}].`);
    }
  }
  const bound = (size: number | string, axis: number, sizes: readonly number[] | undefined) =>
    sizes?.[axis] ?? (typeof size === 'string' ? (named.get(size) ?? size) : size);
  const inputs = graph.inputs.map((input) => {
    const sizes = bindings.get(input.name)?.shape;
    return { ...input, shape: input.shape?.map((size, axis) => bound(size, axis, sizes)) ?? sizes?.slice() };
  });
  const constants = inputs.flatMap((input) => {
    const constant = bindings.get(input.name)?.constant;
    return constant === undefined ? [] : [tensorOf(input, constant, place(input.name))];
  });
  const isConstant = ({ name }: ValueProto) => constants.some((each) => each.name === name);
  const initializers = [...graph.initializers, ...constants];
  return { ...model, graph: { ...graph, inputs: inputs.filter((input) => !isConstant(input)), initializers } };
}

/** Whether an axis may have the size. A name gets it. */
function isOf(size: number | string, wanted: number, named: Map<string, number>): boolean {
  if (typeof size === 'number') return size === wanted || size < 0;
  if (size === '') return true;
  const known = named.get(size) ?? wanted;
  named.set(size, known);
  return known === wanted;
}

/** The tensor of a constant, of a type that the file's lists can hold. */
function tensorOf({ name, elementType = 0, shape }: ValueProto, constant: number | readonly number[], place: string): TensorProto {
  const dataType = dataTypeOf(elementType);
  if (dataType === undefined || dataType === 'float16' || shape === undefined)
    throw new PannierError('options', `${place}.constant is for inputs of whole numbers, float32 or bool whose rank is known.`);
  const open = shape.findIndex((size) => typeof size === 'string' || size < 0);
  if (open >= 0) throw new PannierError('options', `${place}.constant is for an input of known sizes; say \`shape\`, too.`);
  const dims = shape as number[];
  const count = sizeOf(dims);
  const values = typeof constant === 'number' ? Array<number>(count).fill(constant) : [...constant];
  if (values.length !== count)
    throw new PannierError('options', `${place}.constant has ${values.length} numbers, but the input takes ${count}.`);
  const isFloat = dataType === 'float32';
  const held = DATA_TYPES[dataType].from(values);
  if (!isFloat && !values.every((value, index) => Number.isInteger(value) && value === held[index]))
    throw new PannierError('options', `${place}.constant is [${values.join(', ')}], but the input is ${dataType}.`);
  return {
    ...{ name, dims, dataType: elementType, raw: undefined, isExternal: false, external: new Map() },
    floats: isFloat ? values : [],
    wholes32: isFloat || dataType === 'int64' ? [] : values,
    wholes64: dataType === 'int64' ? values : [],
    texts: [],
  };
}
