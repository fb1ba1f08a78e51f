/** What a test says of outputs → outputs as an engine gives them. */
import { DTYPES, sizeOf } from '../dtype.js';
import type { RawOutput } from '../engine/engine.js';
import { PannierError } from '../errors.js';
import { shapeText, typeName } from '../input/tensor.js';
import type { Manifest, OutputSpec } from '../manifest.js';
import type { Dim } from '../signature.js';

/** An output's values: a typed or plain array, or a tensor, whose shape settles open sizes. */
export type FakeValues = ArrayLike<number> | { readonly data: ArrayLike<number>; readonly shape?: readonly number[] };

/** Values by output; those left out are zeros, of the golden sample's shape where sizes are open. */
export type FakeOutputs<O> = { readonly [Name in keyof O]?: FakeValues };

/** Gives an output by its node in the graph, in memory of its own. */
type Answer = (node: string) => RawOutput;

/** Checks what a test says of outputs; throws `options` where it does not fit the model. */
export const outputMaker =
  ({ name: model, signature: { outputs: specs }, golden }: Manifest) =>
  (said: object): Answer => {
    const names = Object.keys(specs);
    for (const name of Object.keys(said))
      if (!names.includes(name)) throw wrong(`Fake model "${model}" has no output "${name}". Its outputs are ${names.join(', ')}.`);
    const made = new Map(
      Object.entries(specs).map(([name, spec]) => {
        const values = (said as Readonly<Record<string, FakeValues | undefined>>)[name];
        const output =
          values === undefined ? zeros(spec, golden.outputs[name]?.shape) : checked(name, spec, values, golden.outputs[name]?.shape);
        return [spec.node, output] as const;
      }),
    );
    return (node) => {
      const output = made.get(node) as RawOutput;
      return { ...output, data: output.data.slice() };
    };
  };

function zeros({ dtype, shape }: OutputSpec, golden: readonly number[] | undefined): RawOutput {
  const dims = golden ?? shape?.map((dim) => dim ?? 1) ?? [];
  return { dtype, shape: dims, data: new DTYPES[dtype](sizeOf(dims)) };
}

function checked(name: string, { dtype, shape }: OutputSpec, values: FakeValues, golden: readonly number[] | undefined): RawOutput {
  const { data, shape: said } = isTensor(values) ? values : { data: values, shape: undefined };
  const length = (data as ArrayLike<number> | null)?.length;
  if (typeof data !== 'object' || !Number.isSafeInteger(length))
    throw wrong(`Output "${name}" should be an array of numbers, but is ${typeName(data)}.`);
  const numbers = Array.from(data);
  const other = numbers.find((value) => typeof value !== 'number');
  if (other !== undefined) throw wrong(`Output "${name}" should be a flat array of numbers, but holds ${typeName(other)}.`);
  const dims = said ?? inferred(shape, numbers.length, golden);
  if (dims === undefined)
    throw wrong(`Output "${name}" of shape ${shapeText(shape)} and ${numbers.length} values has to say its shape: { data, shape }.`);
  if (shape !== null && !(dims.length === shape.length && shape.every((dim, axis) => dim === null || dim === dims[axis])))
    throw wrong(`Output "${name}" should have shape ${shapeText(shape)}, but has ${shapeText(dims)}.`);
  if (sizeOf(dims) !== numbers.length)
    throw wrong(`Output "${name}" of shape ${shapeText(dims)} should have ${sizeOf(dims)} values, but has ${numbers.length}.`);
  return { dtype, shape: dims, data: DTYPES[dtype].from(numbers) };
}

const isTensor = (values: FakeValues): values is Exclude<FakeValues, ArrayLike<number>> =>
  typeof values === 'object' && values !== null && 'data' in values;

/** The shape that so many values can only mean; the golden sample's where they are as many as its. */
function inferred(shape: readonly Dim[] | null, length: number, golden: readonly number[] | undefined): readonly number[] | undefined {
  if (golden !== undefined && sizeOf(golden) === length) return golden;
  if (shape === null) return undefined;
  const open = shape.filter((dim) => dim === null).length;
  const known = sizeOf(shape.filter((dim) => dim !== null));
  if (open === 0) return shape as readonly number[];
  return open === 1 && known > 0 && length % known === 0 ? shape.map((dim) => dim ?? length / known) : undefined;
}

const wrong = (message: string): PannierError => new PannierError('options', message);
