/** Lowers a Layers model to a graph model that computes the same, with the topology, signature and weights that a converter writes. */
import { describe } from '../../base/describe.js';
import type { DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import type { Weight } from '../tfjs/weights.js';
import { attr, GraphBuilder, type GraphTensor } from './builder.js';
import { type LayerConfig, type ModelConfig, readTopology } from './topology.js';
import { callModel } from './walk.js';
import { WeightStore } from './weights.js';

/** An input or output of the model. */
export interface End {
  /** The key in the signature. */
  readonly key: string;
  readonly shape: readonly Dim[];
}

/** A lowered model. */
export interface Lowered {
  readonly topology: Fields;
  readonly signature: Fields;
  readonly weights: readonly Weight[];
  readonly inputs: readonly End[];
  readonly outputs: readonly End[];
}

/**
 * Lowers a Layers model by a rule for each class of layer; no code of the file is run. The batch stays open. An input that only
 * embeddings read is int32.
 * @param file name of the model file, for messages
 * @throws {PannierError} `model-format`, naming a layer without a rule or a field that is wrong
 */
export function lowerLayers(topology: Fields, weights: readonly Weight[], file: string): Lowered {
  const model = readTopology(topology, file);
  const graph = new GraphBuilder();
  const store = new WeightStore(weights);
  const places = inputsOf(model).map(({ key, shape, dtype }) => ({ key, tensor: graph.placeholder(key, shape, dtype) }));
  const results = callModel(
    { graph, store },
    model,
    places.map(({ tensor }) => tensor),
  );
  store.checkAllTaken(file);
  const inputs = places.map(({ key, tensor }) => ({ key, tensor: asIndices(graph, tensor) }));
  const outputs = outputsOf(
    graph,
    model,
    results,
    places.map(({ tensor }) => tensor.ref),
  );
  return {
    topology: { node: graph.nodes, versions: {} },
    signature: { inputs: entriesOf(inputs), outputs: entriesOf(outputs) },
    weights: graph.weights,
    inputs: inputs.map(endOf),
    outputs: outputs.map(endOf),
  };
}

interface Place {
  readonly key: string;
  readonly tensor: GraphTensor;
}

const endOf = ({ key, tensor }: Place): End => ({ key, shape: tensor.shape });

const entriesOf = (places: readonly Place[]): Fields =>
  Object.fromEntries(
    places.map(({ key, tensor: { ref, shape, dtype } }) => [
      key,
      { name: ref.includes(':') ? ref : `${ref}:0`, dtype: attr.type(dtype).type, tensorShape: attr.shape(shape).shape },
    ]),
  );

/** Adds the inputs of a model, under the names that TF.js gives them. */
function inputsOf(model: ModelConfig): readonly { readonly key: string; readonly shape: readonly Dim[]; readonly dtype: DType }[] {
  if (model.ends !== undefined) {
    return model.ends.inputs.map(({ layer }) => {
      const { settings } = model.layers.get(layer) as LayerConfig;
      if (settings.kind !== 'InputLayer')
        throw broken(`${settings.what} is one of model "${model.name}"'s input_layers, but no InputLayer.`);
      return inputOf(layer, model.layers.get(layer) as LayerConfig, undefined);
    });
  }
  const [first] = [...model.layers.values()] as [LayerConfig];
  if (first.model !== undefined) return inputsOf(first.model);
  const { kind, name } = first.settings;
  return [inputOf(kind === 'InputLayer' ? name : `${name}_input`, first, model.buildShape)];
}

function inputOf(key: string, { settings }: LayerConfig, otherwise: unknown) {
  const isEmbedding = settings.kind === 'Embedding';
  const given =
    settings.value('batch_input_shape') ??
    settings.value('batch_shape') ??
    otherwise ??
    (isEmbedding ? [null, settings.value('input_length') ?? null].flat() : undefined);
  const isSize = (dim: unknown): dim is Dim =>
    dim === null || (Number.isSafeInteger(dim) && (dim as number) > 0 && (dim as number) < LIMITS.elements);
  if (!Array.isArray(given) || given.length === 0 || given.length > LIMITS.rank || !given.every(isSize))
    throw broken(
      `${settings.what} should say its input's shape, batch_input_shape, but has ${describe(given)}. Build the model before saving it.`,
    );
  const dtype = settings.kind === 'InputLayer' ? (settings.value('dtype') ?? 'float32') : 'float32';
  if (dtype !== 'float32' && dtype !== 'int32') throw broken(`${settings.what} takes ${describe(dtype)}; float32 and int32 are known.`);
  return { key, shape: [null, ...(given as Dim[]).slice(1)], dtype } as const;
}

/** Names each output after its layer. Outputs that are the same tensor, or an input, get nodes of their own. */
function outputsOf(graph: GraphBuilder, model: ModelConfig, results: readonly GraphTensor[], taken: readonly string[]): readonly Place[] {
  const names = model.ends?.outputs.map(({ layer }) => layer) ?? [[...model.layers.keys()].at(-1) as string];
  const refs = new Set(taken);
  const keys = new Set<string>();
  return results.map((result, index) => {
    const name = names[index] as string;
    let key = name;
    for (let count = 1; keys.has(key); count++) key = `${name}_${count}`;
    keys.add(key);
    const tensor = refs.has(result.ref) ? graph.op(name, 'Identity', [result], result.shape, {}, result.dtype) : result;
    refs.add(tensor.ref);
    return { key, tensor };
  });
}

/** Makes an input int32 if only embeddings read it, which cast it to int32. */
function asIndices(graph: GraphBuilder, tensor: GraphTensor): GraphTensor {
  const readers = graph.nodes.filter(({ input }) => (input as readonly string[] | undefined)?.includes(tensor.ref));
  const isIndex = (node: Fields) => node['op'] === 'Cast' && ((node['attr'] as Fields)['DstT'] as Fields)['type'] === 'DT_INT32';
  if (readers.length === 0 || !readers.every(isIndex)) return tensor;
  const replace = (node: Fields, attrs: Fields) => {
    graph.nodes[graph.nodes.indexOf(node)] = { ...node, attr: { ...(node['attr'] as Fields), ...attrs } };
  };
  for (const reader of readers) replace(reader, { SrcT: attr.type('int32') });
  replace(graph.nodes.find(({ name }) => name === tensor.ref) as Fields, { dtype: attr.type('int32') });
  return { ...tensor, dtype: 'int32' };
}
