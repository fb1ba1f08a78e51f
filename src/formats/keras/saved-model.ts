/** Reads the files that `model.save` of Keras writes: an HDF5 file, or the three files of a `.keras` archive. */
import type { Fields } from '../../base/fields.js';
import { broken, nameAt, objectAt } from '../file-fields.js';
import { type Hdf5Object, openHdf5 } from '../hdf5/file.js';
import { parseJson } from '../json.js';
import { LIMITS } from '../limits.js';
import type { Weight } from '../tfjs/weights.js';
import { type Lowered, lowerArchive, lowerLayers } from './lower.js';
import { readVariable } from './variables.js';

/** Groups inside one another; Keras's own are about three for each model within a model. */
const MAX_DEPTH = 64;

/** The groups of an archive's weights that hold those of layers; others are of the optimizer, of metrics and of losses. */
const OF_LAYERS = ['layers', '_layer_checkpoint_dependencies'];

/**
 * Reads an HDF5 file as `model.save('model.h5')` writes it.
 * @param file for messages
 * @throws {PannierError} `model-format`
 */
export function readKerasHdf5(bytes: Uint8Array, file: string): Lowered {
  const root = openHdf5(bytes, file);
  const config = root.attribute('model_config')?.join('');
  const group = root.child('model_weights');
  if (config === undefined || group === undefined)
    throw broken(
      `${file} is an HDF5 file without a model's config: it holds weights alone, or is not of Keras. In Python, save the whole model: model.save('model.keras'), and pack that.`,
    );
  const place = `${file}'s model_config`;
  const model = objectAt(parseJson(new TextEncoder().encode(config), place), place);
  return lowerLayers({ keras_version: root.attribute('keras_version')?.[0], model_config: model }, readWeights(group), file);
}

/** Reads the weights of all layers under the names that their layers have for them. */
function readWeights(group: Hdf5Object): readonly Weight[] {
  const found: { readonly layer: string; readonly name: string; readonly dataset: Hdf5Object }[] = [];
  const counts = new Map<string, number>();
  for (const given of textsOf(group, 'layer_names')) {
    const layer = nameAt(given, `A name of layer_names in ${group.file}`);
    const own = group.child(layer);
    if (own === undefined) throw broken(`${group.file} has no weights of layer "${layer}", which its layer_names lists.`);
    for (const text of textsOf(own, 'weight_names')) {
      const path = nameAt(text, `A name of layer "${layer}"'s weight_names in ${group.file}`);
      const dataset = own.child(path);
      if (dataset === undefined) throw broken(`${group.file} has no weight "${path}" of layer "${layer}", which its weight_names lists.`);
      const name = path.replace(/:0$/, '');
      counts.set(name, (counts.get(name) ?? 0) + 1);
      found.push({ layer, name, dataset });
      if (found.length > LIMITS.tensors) throw broken(`${group.file} has more than ${LIMITS.tensors} weights; that is the limit.`);
    }
  }
  // Early versions of Keras 3 leave the layer out of a name, and layers of two models may have one name.
  const weights = found.map(({ layer, name, dataset }) => {
    const isWhole = name.includes('/') && counts.get(name) === 1;
    return readVariable(dataset, isWhole ? name : `${layer}/${name}`);
  });
  const twice = new Set<string>();
  for (const { name } of weights) {
    if (twice.has(name)) throw broken(`Weight "${name}" occurs twice in ${group.file}; names must be unique.`);
    twice.add(name);
  }
  return weights.filter(({ dtype, name }) => dtype === 'float32' || !/(^|\/)seed_generator/.test(name));
}

/** A list of texts, which Keras cuts into `name0`, `name1`, … where it is large. */
function textsOf(object: Hdf5Object, name: string): readonly string[] {
  const whole = object.attribute(name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    const part = object.attribute(`${name}${index}`);
    if (part === undefined) break;
    for (const text of part) parts.push(text);
  }
  if (parts.length === 0) throw broken(`${object.file} has no attribute ${name} at "${object.path}".`);
  return parts;
}

/** The files of a `.keras` archive. */
interface KerasArchive {
  readonly config: Uint8Array;
  readonly metadata: Uint8Array | undefined;
  readonly weights: Uint8Array;
}

/**
 * Reads a `.keras` archive, of Keras 3 or of 2.12 to 2.15.
 * @param file the archive's name, for messages
 * @throws {PannierError} `model-format`
 */
export function readKerasArchive({ config, metadata, weights }: KerasArchive, file: string): Lowered {
  const fieldsOf = (bytes: Uint8Array, name: string): Fields => {
    const place = `${file}'s ${name}`;
    return objectAt(parseJson(bytes, place), place);
  };
  const topology = {
    keras_version: metadata === undefined ? '3.0.0' : fieldsOf(metadata, 'metadata.json')['keras_version'],
    model_config: fieldsOf(config, 'config.json'),
  };
  return lowerArchive(topology, readVariables(openHdf5(weights, `${file}'s model.weights.h5`)), file);
}

/** The variables of layers by their paths. */
function readVariables(root: Hdf5Object): ReadonlyMap<string, Weight> {
  const variables = new Map<string, Weight>();
  const waiting = OF_LAYERS.map((name) => root.child(name)).filter((each) => each !== undefined);
  const begun = new Set<number>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (begun.has(next.address) || next.path.split('/').length > MAX_DEPTH)
      throw broken(`"${next.path}" of ${root.file} is too deep, or is another group, too: a circle.`);
    begun.add(next.address);
    // Files that were saved on Windows may have the names of folders and files in one link.
    const path = next.path.replaceAll('\\', '/');
    if (next.isDataset) variables.set(path, readVariable(next, path));
    else for (const child of next.children()) waiting.push(child);
    if (variables.size > LIMITS.tensors) throw broken(`${root.file} has more than ${LIMITS.tensors} variables; that is the limit.`);
  }
  return variables;
}
