/** Reads the config of a Layers model: Sequential and functional, of Keras 2 and Keras 3, with models within models. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, nameAt, objectAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { isOperator, type LayerCall, readCall, readSource, readSources, type Source, sortedEntries, sourcesOf } from './calls.js';
import { type KerasVersion, Settings } from './settings.js';

/** An input or output of a model. */
export interface End extends Source {
  /** The name in the model's signature: the layer's, or the one that the file gives it. */
  readonly key: string;
}

/** A layer of a model. It can be a model, too. */
export interface LayerConfig {
  readonly settings: Settings;
  readonly model: ModelConfig | undefined;
  /** None for the layers of a sequential model. */
  readonly calls: readonly LayerCall[];
}

/** A model, with its layers by name in the file's order. */
export interface ModelConfig {
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerConfig>;
  /** `undefined` for a sequential model, whose layers take the output of the layer before. */
  readonly ends: { readonly inputs: readonly End[]; readonly outputs: readonly End[] } | undefined;
  /** The input shape of a sequential model without an input layer, batch first. */
  readonly buildShape: unknown;
}

const FUNCTIONAL: readonly unknown[] = ['Model', 'Functional', 'LayersModel'];

/** Whether the topology is that of a Layers model, for a model.json without `format`. */
export const isLayersTopology = (topology: Fields): boolean =>
  topology['node'] === undefined && (topology['model_config'] !== undefined || topology['class_name'] !== undefined);

/**
 * Reads the topology of a Layers model.
 * @throws {PannierError} `model-format`, naming the layer
 */
export function readTopology(topology: Fields, file: string): ModelConfig {
  // tensorflowjs_converter puts the config of a Keras file one level deeper than tf.LayersModel.save does.
  const place = topology['model_config'] === undefined ? 'modelTopology' : 'modelTopology.model_config';
  const config = topology['model_config'] === undefined ? topology : objectAt(topology['model_config'], place);
  const model = readModelConfig(config, place, versionOf(topology));
  if (model === undefined) {
    throw broken(`${file} is of class ${describe(config['class_name'])}; a Sequential, Model or Functional model is wanted.`);
  }
  return model;
}

/** The version of a file that says none is 2, as that of TF.js's own files, `tfjs-layers 4.22.0`. */
const versionOf = (topology: Fields): KerasVersion => (/^3\./.test(String(topology['keras_version'])) ? 3 : 2);

/** Reads a model; `undefined` if the class is not that of a model. */
function readModelConfig(entry: Fields, place: string, keras: KerasVersion, depth = 0): ModelConfig | undefined {
  const kind = entry['class_name'];
  const isFunctional = FUNCTIONAL.includes(kind);
  if (!isFunctional && kind !== 'Sequential') return undefined;
  // Keras before 2.2.3 wrote the layers of a sequential model as a bare list.
  const config = Array.isArray(entry['config']) ? { layers: entry['config'] } : objectAt(entry['config'], `${place}.config`);
  const name = nameAt(config['name'] ?? entry['name'] ?? 'model', `${place}.config.name`);
  const layers = new Map<string, LayerConfig>();
  for (const [index, item] of arrayAt(config['layers'], `${place}.config.layers`, LIMITS.layers).entries()) {
    const layer = readLayer(item, `${place}.config.layers[${index}]`, isFunctional, keras, depth === 0 ? '' : `model "${name}"`, depth);
    if (layers.has(layer.settings.name))
      throw broken(`Layer "${layer.settings.name}" occurs twice in model "${name}"; names must be unique.`);
    layers.set(layer.settings.name, layer);
  }
  if (layers.size === 0) throw broken(`Model "${name}" has no layers.`);
  const ends = isFunctional
    ? {
        inputs: readEnds(config['input_layers'], `Model "${name}"'s input_layers`),
        outputs: readEnds(config['output_layers'], `Model "${name}"'s output_layers`),
      }
    : undefined;
  const model = { name, layers, ends, buildShape: config['build_input_shape'] };
  checkSources(model);
  return model;
}

/** Reads a layer of a model. */
function readLayer(item: unknown, place: string, isCalled: boolean, keras: KerasVersion, within: string, depth: number): LayerConfig {
  const entry = objectAt(item, place);
  const named = nameAt(entry['class_name'], `${place}.class_name`);
  const kind = isOperator(entry) ? `ops.${named}` : named;
  const model = readModelConfig(entry, place, keras, depth + 1);
  const config = model === undefined ? objectAt(entry['config'], `${place}.config`) : {};
  const name = nameAt(entry['name'] ?? model?.name ?? config['name'], `${place}.name`);
  const settings = new Settings(kind, name, config, keras, within);
  const nodes = isCalled ? arrayAt(entry['inbound_nodes'] ?? [], `Layer "${name}"'s inbound_nodes`, LIMITS.layers) : [];
  const calls = nodes.map((call, index) =>
    readCall(call, settings, `Layer "${name}"'s inbound_nodes[${index}]`, kind !== named || kind === 'TFOpLambda'),
  );
  return { settings, model, calls };
}

/** Reads inputs or outputs of a model: a list, or an object that names each. */
function readEnds(value: unknown, place: string): readonly End[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return readSources(value, place).map((source) => ({ ...source, key: source.layer }));
  const ends = sortedEntries(value as Fields).map(([key, source]) => {
    const name = nameAt(key, `A key of ${place}`);
    return { ...readSource(arrayAt(source, `${place}["${name}"]`, 3), `${place}["${name}"]`), key: name };
  });
  if (ends.length === 0) throw broken(`${place} is empty; at least one layer is wanted.`);
  return ends;
}

function checkSources({ name, layers, ends }: ModelConfig): void {
  const named = [
    ...[...layers].flatMap(([layer, { calls }]) => calls.flatMap(sourcesOf).map((source) => ({ source, by: `Layer "${layer}"` }))),
    ...(ends?.inputs ?? []).map((source) => ({ source, by: `Model "${name}"'s input_layers` })),
    ...(ends?.outputs ?? []).map((source) => ({ source, by: `Model "${name}"'s output_layers` })),
  ];
  for (const { source, by } of named) {
    if (!layers.has(source.layer)) throw broken(`${by} names layer ${describe(source.layer)}, which model "${name}" does not have.`);
  }
}
