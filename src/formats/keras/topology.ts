/** Reads the config of a Layers model: Sequential and functional, of Keras 2 and Keras 3, with models within models. */
import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, nameAt, objectAt, textAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import { type KerasVersion, Settings } from './settings.js';

/** One output of one call of a layer. */
export interface Source {
  readonly layer: string;
  /** The index of the call, for a layer that is called several times. */
  readonly call: number;
  readonly output: number;
}

/** An input or output of a model. */
export interface End extends Source {
  /** The name in the model's signature: the layer's, or the one that the file gives it. */
  readonly key: string;
}

/** A layer of a model. It can be a model, too. */
export interface LayerConfig {
  readonly settings: Settings;
  readonly model: ModelConfig | undefined;
  /** The inputs of each call; none for the layers of a sequential model. */
  readonly calls: readonly (readonly Source[])[];
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
function readModelConfig(entry: Fields, place: string, keras: KerasVersion): ModelConfig | undefined {
  const kind = entry['class_name'];
  const isFunctional = FUNCTIONAL.includes(kind);
  if (!isFunctional && kind !== 'Sequential') return undefined;
  // Keras before 2.2.3 wrote the layers of a sequential model as a bare list.
  const config = Array.isArray(entry['config']) ? { layers: entry['config'] } : objectAt(entry['config'], `${place}.config`);
  const name = nameAt(config['name'] ?? entry['name'] ?? 'model', `${place}.config.name`);
  const layers = new Map<string, LayerConfig>();
  for (const [index, item] of arrayAt(config['layers'], `${place}.config.layers`, LIMITS.layers).entries()) {
    const layer = readLayer(item, `${place}.config.layers[${index}]`, isFunctional, keras);
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
function readLayer(item: unknown, place: string, isCalled: boolean, keras: KerasVersion): LayerConfig {
  const entry = objectAt(item, place);
  const kind = nameAt(entry['class_name'], `${place}.class_name`);
  const model = readModelConfig(entry, place, keras);
  const config = model === undefined ? objectAt(entry['config'], `${place}.config`) : {};
  const name = nameAt(entry['name'] ?? model?.name ?? config['name'], `${place}.name`);
  const calls = isCalled
    ? arrayAt(entry['inbound_nodes'] ?? [], `Layer "${name}"'s inbound_nodes`, LIMITS.layers).map((call, index) =>
        readCall(call, `Layer "${name}"'s inbound_nodes[${index}]`),
      )
    : [];
  return { settings: new Settings(kind, name, config, keras), model, calls };
}

/** Reads the inputs of a call. Keras 2 lists `[layer, call, output, arguments]`, Keras 3 has arguments that contain tensors. */
function readCall(call: unknown, place: string): Source[] {
  if (Array.isArray(call)) {
    return readSources(call, place, (extras) => {
      if (extras[0] !== undefined) checkArguments(objectAt(extras[0], `${place}'s arguments`), place);
    });
  }
  const { args, kwargs } = objectAt(call, place);
  checkArguments(objectAt(kwargs ?? {}, `${place}.kwargs`), place);
  const [given, ...others] = arrayAt(args, `${place}.args`, LIMITS.layers);
  if (others.length > 0) throw broken(`${place} has ${others.length + 1} arguments; one, the inputs, is wanted.`);
  return tensorsOf(given).map((tensor) => {
    const config = objectAt(objectAt(tensor, place)['config'], `${place}'s tensor`);
    return readSource(arrayAt(config['keras_history'], `${place}'s keras_history`, 3), place);
  });
}

/** The tensors of an argument: one, a list, or an object of them, which Keras takes in the order of their names. */
function tensorsOf(given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given;
  const isObjectOfTensors = typeof given === 'object' && given !== null && !('class_name' in given);
  return isObjectOfTensors ? sortedEntries(given as Fields).map(([, tensor]) => tensor) : [given];
}

const sortedEntries = (fields: Fields): readonly (readonly [key: string, value: unknown])[] =>
  Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));

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

/** Refuses arguments of a call, since they change what a layer computes. `null` and `false` are the default of each. */
function checkArguments(given: Fields, place: string): void {
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === false) continue;
    throw broken(`${place} has the argument ${key}, which Pannier does not take; call the layer with its inputs alone.`);
  }
}

/** One source, or a list of them. */
function readSources(value: unknown, place: string, more: (extras: readonly unknown[]) => void = () => {}): Source[] {
  const list = arrayAt(value, place, LIMITS.layers);
  const sources = typeof list[0] === 'string' ? [list] : list;
  if (sources.length === 0) throw broken(`${place} is empty; at least one layer is wanted.`);
  return sources.map((each) => {
    const parts = arrayAt(each, place, 4);
    more(parts.slice(3));
    return readSource(parts, place);
  });
}

function readSource([layer, call, output]: readonly unknown[], place: string): Source {
  const index = (number: unknown) => {
    if (!Number.isSafeInteger(number) || (number as number) < 0) throw broken(`${place} has ${describe(number)} for an index.`);
    return number as number;
  };
  return { layer: textAt(layer, `${place}'s layer`), call: index(call), output: index(output) };
}

function checkSources({ name, layers, ends }: ModelConfig): void {
  const named = [
    ...[...layers].flatMap(([layer, { calls }]) => calls.flat().map((source) => ({ source, by: `Layer "${layer}"` }))),
    ...(ends?.inputs ?? []).map((source) => ({ source, by: `Model "${name}"'s input_layers` })),
    ...(ends?.outputs ?? []).map((source) => ({ source, by: `Model "${name}"'s output_layers` })),
  ];
  for (const { source, by } of named) {
    if (!layers.has(source.layer)) throw broken(`${by} names layer ${describe(source.layer)}, which model "${name}" does not have.`);
  }
}
