/**
 * Holds a graph's answers on an engine to the reference's, allowing for roundings: where an answer differs, the reference is asked how far
 * that answer moves when each float in the graph is off by a few roundings.
 */
import { PannierError } from '../../src/base/errors.js';
import type { Engine, EngineModel, RawOutput } from '../../src/engines/engine.js';
import { dtypeOf } from '../../src/formats/tfjs/write-attributes.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { constantOf } from '../../src/graph/constant.js';
import type { Graph, Value } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { differenceOf } from './compare.js';
import { answersOn, expectedOf, modelOf } from './run.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** What two answers may differ by whatever the noise, as a share of numbers above 1. */
const CLOSE = 1e-5;

/** How many graphs with noise are asked. */
const NOISY = 12;

/** How far noise moves a float, as a share of it: 8 units in the last place at most. */
const NOISE = 2 ** -20;

/** Differences from the reference that no rounding explains; or that the writer refuses the graph. */
export async function differencesOf(
  graph: Graph,
  feeds: Feeds,
  engine: Engine,
  next: () => number,
): Promise<readonly string[] | 'refused'> {
  const wanted = expectedOf(graph, feeds);
  let model: EngineModel;
  try {
    model = modelOf(graph);
  } catch (thrown) {
    if (thrown instanceof PannierError && thrown.code === 'model-format') return 'refused';
    throw thrown;
  }
  const given = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, asTfjs(tensor)]));
  const got = await answersOn(engine, model, given).catch((thrown: Error) => thrown.message);
  if (typeof got === 'string') return [got];
  const off = (allowed: (output: number, index: number) => number) =>
    wanted.flatMap((tensor, output) => {
      const { name } = graph.outputs[output] as Value;
      const difference = differenceOf(asTfjs(tensor), got[output] as RawOutput, (index) => allowed(output, index));
      return difference === undefined ? [] : [`${name} ${difference}`];
    });
  const size = (output: number, index: number) => Math.max(1, Math.abs(wanted[output]?.data[index] as number));
  if (off((output, index) => CLOSE * size(output, index)).length === 0) return [];
  const noisy = Array.from({ length: NOISY }, () => expectedOf(withNoise(graph, next), feeds));
  return off((output, index) => {
    const clean = wanted[output]?.data[index] as number;
    const moved = noisy.map((tensors) => Math.abs((tensors[output]?.data[index] as number) - clean));
    return moved.some(Number.isNaN) ? Number.POSITIVE_INFINITY : 4 * Math.max(...moved) + CLOSE * size(output, index);
  });
}

/** Whole numbers of every type are int32 in TF.js. */
const asTfjs = ({ dataType, shape, data }: Tensor): Tensor => {
  const dtype = dtypeOf(dataType);
  return dtype === dataType ? { dataType, shape, data } : { dataType: dtype, shape, data: Int32Array.from(data) };
};

/** The graph with every float that a node makes multiplied by about 1. */
function withNoise(graph: Graph, next: () => number): Graph {
  const builder = new GraphBuilder();
  const values = new Map<Value, Value>();
  const find = (value: Value): Value => values.get(value) as Value;
  for (const input of graph.inputs) values.set(input, builder.input(input.name, input.type));
  for (const constant of graph.constants) values.set(constant.value, builder.constant(constant));
  const noise = (value: Value): Value => {
    if (value.type?.dataType !== 'float32') return value;
    const factor = 1 + (2 * next() - 1) * NOISE;
    const by = builder.constant(constantOf('noise', { dataType: 'float32', shape: [], data: Float32Array.of(factor) }));
    return builder.ops('mul', [value, by], {}, { format: 'pannier', op: 'mul', name: `${value.name} noise` })[0] as Value;
  };
  for (const { op, inputs, outputs, attributes, origin } of graph.nodes) {
    const made = builder.ops(
      op as 'add',
      inputs.map((each) => each && find(each)),
      attributes as never,
      origin,
    );
    for (const [index, output] of outputs.entries()) values.set(output, noise(made[index] as Value));
  }
  return builder.build(graph.outputs.map(find));
}
