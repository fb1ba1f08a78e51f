/** Lowers a Layers model to our graph. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { Names } from '../../base/names.js';
import type { Graph, TypedValue } from '../../graph/graph.js';
import { verify } from '../../graph/verify.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { openShape } from '../open-shape.js';
import type { Ends } from '../tfjs/ends.js';
import { endsOf } from '../tfjs/graph-ends.js';
import type { Weight } from '../tfjs/weights.js';
import { ArchiveWeights } from './archive-weights.js';
import { checkAllRead } from './config-fields.js';
import { withIndexInputs } from './index-inputs.js';
import { LayerGraph } from './layer-graph.js';
import type { Settings } from './settings.js';
import { type LayerConfig, type ModelConfig, readTopology } from './topology.js';
import { callModel } from './walk.js';
import { type WeightSource, WeightStore } from './weights.js';

/** A lowered model. */
export interface Lowered {
  readonly graph: Graph;
  /** Keyed by the layers that give the inputs and outputs, or as the file names them. */
  readonly ends: Ends;
}

/**
 * Lowers a Layers model by a rule for each class of layer; no code of the file is run. The batch stays open. An input that only
 * embeddings read is int32.
 * @param file name of the model file, for messages
 * @throws {PannierError} `model-format`, naming a layer without a rule or a field that is wrong
 */
export const lowerLayers = (topology: Fields, weights: readonly Weight[], file: string): Lowered =>
  lowerModel(readTopology(topology, file), new WeightStore(weights, file));

/**
 * Lowers a model whose weights are found by the layers' places in it.
 * @param variables by their paths in the archive, such as `layers/dense/vars/0`
 */
export function lowerArchive(topology: Fields, variables: ReadonlyMap<string, Weight>, file: string): Lowered {
  const model = readTopology(topology, file);
  return lowerModel(model, new ArchiveWeights(model, variables, file));
}

function lowerModel(model: ModelConfig, store: WeightSource): Lowered {
  const graph = new LayerGraph();
  const inputs = inputsOf(model);
  const sizes = new Names();
  const values = inputs.map(({ key, shape, dataType }) =>
    graph.builder.input(key, { dataType, shape: openShape(shape, (wanted) => sizes.take(wanted)) }),
  );
  const results = callModel({ graph, store, within: '' }, model, values);
  store.checkAllTaken();
  const lowered = withIndexInputs(graph.builder.build(results));
  verify(lowered);
  const keys = { inputs: inputs.map(({ key }) => key), outputs: outputKeys(model, results) };
  return { graph: lowered, ends: endsOf(lowered, keys) };
}

/** An input as the file has it. */
interface Input {
  readonly key: string;
  readonly shape: readonly Dim[];
  readonly dataType: 'float32' | 'int32';
}

/** The inputs of a model, under the names that TF.js gives them. */
function inputsOf(model: ModelConfig): readonly Input[] {
  if (model.ends !== undefined) {
    return model.ends.inputs.map(({ key, layer }) => {
      const config = model.layers.get(layer) as LayerConfig;
      if (config.settings.kind !== 'InputLayer')
        throw broken(`${config.settings.what} is one of model "${model.name}"'s input_layers, but no InputLayer.`);
      return inputOf(key, config, undefined);
    });
  }
  const [first] = [...model.layers.values()] as [LayerConfig];
  if (first.model !== undefined) return inputsOf(first.model);
  const { kind, name } = first.settings;
  return [inputOf(kind === 'InputLayer' ? name : `${name}_input`, first, model.buildShape)];
}

function inputOf(key: string, { settings }: LayerConfig, otherwise: unknown): Input {
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
  const dataType = settings.kind === 'InputLayer' ? inputTypeOf(settings) : 'float32';
  return { key, shape: [null, ...(given as Dim[]).slice(1)], dataType };
}

/** The element types that apps give, by those of files: a graph computes with halves as with floats, and takes whole numbers as int32. */
const INPUT_TYPES: ReadonlyMap<unknown, Input['dataType']> = new Map([
  ...['float32', 'float16', 'bfloat16'].map((dtype) => [dtype, 'float32'] as const),
  ...['int32', 'int64', 'int16', 'int8', 'uint8', 'uint16'].map((dtype) => [dtype, 'int32'] as const),
]);

/** The element type of an InputLayer, whose other fields are checked. */
function inputTypeOf(settings: Settings): Input['dataType'] {
  for (const key of ['sparse', 'ragged', 'optional']) settings.only(key, [false], 'an input is a dense tensor');
  const given = settings.value('dtype') ?? 'float32';
  const dtype = INPUT_TYPES.get(given);
  if (dtype === undefined) {
    const known = [...INPUT_TYPES.keys()].join(', ');
    throw settings.refused(
      `with dtype ${describe(given)}: ${known} are known`,
      'Give numbers to the model; make them of texts in the app.',
    );
  }
  checkAllRead(settings);
  return dtype;
}

/** The keys of the outputs, with a number behind those that would occur twice. */
function outputKeys(model: ModelConfig, results: readonly TypedValue[]): readonly string[] {
  const names = model.ends?.outputs.map(({ key }) => key) ?? [[...model.layers.keys()].at(-1) as string];
  const keys = new Names();
  return results.map((_, index) => keys.take(names[index] ?? (names.at(-1) as string)));
}
