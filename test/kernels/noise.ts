/**
 * Holds a graph's answers on an engine to the reference's, allowing for roundings: where an answer differs, the reference is asked how far
 * that answer moves when each float in the graph is off by a few roundings.
 */
import { sizeOf } from '../../src/base/dtype.js';
import { PannierError } from '../../src/base/errors.js';
import type { Engine, RawOutput } from '../../src/engines/engine.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { dtypeOf } from '../../src/formats/tfjs/write/attributes.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf, tensorOf } from '../../src/graph/constant.js';
import type { Constant, Graph, Value } from '../../src/graph/graph.js';
import type { OpName } from '../../src/graph/ops/index.js';
import { isOpen } from '../../src/graph/size.js';
import type { Tensor, TensorType } from '../../src/graph/tensor.js';
import { differenceOf } from './compare.js';
import { answersOn, expectedOf, modelOf, type NamedModel } from './run.js';
import { isApproximate } from './tolerance.js';
import { UNHELD } from './unheld.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** What two answers may differ by whatever the noise, as a share of numbers above 1. */
const CLOSE = 1e-5;

/** How many graphs with noise are asked. */
const NOISY = 48;

/** How far noise moves a float, as a share of it: 8 units in the last place at most. Approximations are moved by a quarter of it, too. */
const NOISE = 2 ** -20;

/** Differences from the reference that no rounding explains; `refused` if the writer or TF.js refuses the graph, or is not held to the reference. */
export async function differencesOf(
  graph: Graph,
  feeds: Feeds,
  engine: Engine,
  next: () => number,
): Promise<readonly string[] | 'refused'> {
  const wanted = expectedOf(graph, feeds);
  let model: NamedModel;
  try {
    model = modelOf(graph);
  } catch (thrown) {
    if (thrown instanceof PannierError && thrown.code === 'model-format') return 'refused';
    throw thrown;
  }
  const given = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, asTfjs(tensor)]));
  const got = await answersOn(engine, model, given).catch((thrown: Error) => thrown.message);
  // TF.js has no broadcast to an open size that is 0, and says so.
  if (typeof got === 'string') return hasEmptyValue(graph, feeds) ? 'refused' : [got];
  return beyond(graph, wanted, got, allowedNear(wanted)).length === 0
    ? []
    : isUnheld(graph, feeds)
      ? 'refused'
      : unexplained(graph, feeds, wanted, got, next);
}

const allowedNear = (wanted: readonly Tensor[]) => (output: number, index: number) =>
  CLOSE * Math.max(1, Math.abs(wanted[output]?.data[index] as number));

type Allowed = (output: number, index: number) => number;

/** Differences that are more than allowed, each as a sentence. */
const beyond = ({ outputs }: Graph, expected: readonly Tensor[], got: readonly RawOutput[], allowed: Allowed): readonly string[] =>
  expected.flatMap((tensor, output) => {
    const { name } = outputs[output] as Value;
    const difference = differenceOf(asTfjs(tensor), got[output] as RawOutput, (index) => allowed(output, index));
    return difference === undefined ? [] : [`${name} ${difference}`];
  });

/** Differences of answers from the reference that no rounding explains. @param got whole numbers of every type as int32 */
export function unexplained(
  graph: Graph,
  feeds: Feeds,
  wanted: readonly Tensor[],
  got: readonly RawOutput[],
  next: () => number,
): readonly string[] {
  const close = allowedNear(wanted);
  if (beyond(graph, wanted, got, close).length === 0) return [];
  const noisy = Array.from({ length: NOISY }, (_, index) => expectedOf(withNoise(graph, next, index === 0), feeds));
  const moved = (output: number, index: number): number =>
    Math.max(...noisy.map((tensors) => distance(wanted[output]?.data[index] as number, tensors[output]?.data[index] as number)));
  // What moves to another whole number, from NaN, from infinity or to another shape may be anything.
  const settled = wanted.map((tensor, output): Tensor => {
    const { data, shape } = got[output] as RawOutput;
    if (noisy.some((tensors) => tensors[output]?.data.length !== tensor.data.length)) return { ...tensor, shape, data } as Tensor;
    if (data.length !== tensor.data.length) return tensor;
    const most = tensor.dataType === 'float32' ? Number.MAX_VALUE : 0;
    return { ...tensor, data: tensor.data.map((value, index) => (moved(output, index) > most ? (data[index] as number) : value)) };
  });
  return beyond(graph, settled, got, (output, index) => 4 * moved(output, index) + close(output, index));
}

const distance = (a: number, b: number): number => {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Number.POSITIVE_INFINITY;
};

/** What the reference computes for each value that is not a constant, by its name. */
function valuesOf(graph: Graph, feeds: Feeds): ReadonlyMap<string, Tensor> {
  const values = graph.nodes.flatMap(({ outputs }) => outputs);
  return openReference(graph).run(new Map(Object.entries(feeds)), [...graph.inputs, ...values]);
}

const hasEmptyValue = (graph: Graph, feeds: Feeds): boolean => [...valuesOf(graph, feeds).values()].some(({ data }) => data.length === 0);

function isUnheld(graph: Graph, feeds: Feeds): boolean {
  const values = valuesOf(graph, feeds);
  const tensorAt = (value: Value): Tensor => values.get(value.name) ?? constantTensor(graph, value);
  return graph.nodes.some(({ op, inputs }) => {
    const rows = UNHELD.filter(({ ops }) => ops.includes(op as OpName));
    return rows.some(({ includes }) => includes(...inputs.flatMap((value) => (value === null ? [] : [tensorAt(value)]))));
  });
}

const constantTensor = (graph: Graph, value: Value): Tensor => tensorOf(graph.constants.find((each) => each.value === value) as Constant);

/** Whole numbers of every type are int32 in TF.js, and halves are float32. */
export const asTfjs = ({ dataType, shape, data }: Tensor): Tensor => {
  const dtype = dtypeOf(dataType);
  return { dataType: dtype, shape, data: dtype === 'int32' && dataType !== 'int32' ? Int32Array.from(data) : data };
};

/**
 * The graph with each float that a node makes off by a few roundings.
 * @param flushes whether what an approximation makes near 0 is 0
 */
function withNoise(graph: Graph, next: () => number, flushes: boolean): Graph {
  const builder = new GraphBuilder();
  const values = new Map<Value, Value>();
  const add = (op: 'abs' | 'add' | 'greater' | 'mul' | 'where', ...inputs: readonly Value[]): Value =>
    builder.ops(op, inputs, {}, { format: 'pannier', op, name: 'noise' })[0] as Value;
  // Elements move apart, since sums cancel a common factor. Along an open size they share one.
  const noises = ({ type }: Value, around: number, most: number): Value => {
    const shape = (type as TensorType).shape.map((size) => (isOpen(size) ? 1 : size));
    const data = Float32Array.from({ length: sizeOf(shape) }, () => around + (2 * next() - 1) * most);
    return builder.constant(constantOf('noise', { dataType: 'float32', shape, data }));
  };
  const isFloat = ({ type }: Value) => type?.dataType === 'float32';
  for (const input of graph.inputs) values.set(input, builder.input(input.name, input.type));
  for (const constant of graph.constants) values.set(constant.value, builder.constant(constant));
  for (const { op, inputs, outputs, attributes, origin } of graph.nodes) {
    const given = inputs.map((each) => each && (values.get(each) as Value));
    const made = builder.ops(op as 'add', given, attributes as never, origin);
    for (const [index, output] of outputs.entries()) {
      const value = made[index] as Value;
      const scaled = () => add('mul', value, noises(value, 1, NOISE));
      const flushed = () => add('where', add('greater', add('abs', value), noises(value, NOISE / 4, 0)), value, noises(value, 0, 0));
      const approximate = () => (flushes ? flushed() : add('add', scaled(), noises(value, 0, NOISE / 4)));
      const moved = () => (isApproximate(op as OpName) ? approximate() : scaled());
      values.set(output, isFloat(value) ? moved() : value);
    }
  }
  return builder.build(graph.outputs.map((value) => values.get(value) as Value));
}
