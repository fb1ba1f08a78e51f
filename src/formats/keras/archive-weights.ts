/**
 * Gives the variables of a `.keras` archive to the layers that own them, as Keras does it: an archive numbers the variables of a
 * layer, in folders that are called after the class and the place of the layer, not after its name (Keras 3, saving_lib.py).
 */
import { shapeText } from '../../base/dtype.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import type { Weight } from '../tfjs/weights.js';
import type { Settings } from './settings.js';
import type { ModelConfig } from './topology.js';
import { checkWeight, type LayerWeights, type WeightSource } from './weights.js';

/** The folder of a model's layers, and the older one, of Keras 2.12, where only layers with variables count. */
const LAYERS = 'layers';
const DEPENDENCIES = '_layer_checkpoint_dependencies';

/** The layers of a layer that has several sets of weights, by the names that rules have for them. A property without `_` is newer. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ...['query', 'key', 'value', 'gate'].map((name) => [name, `${name}_dense`] as const),
  ['attention_output', 'output_dense'],
]);

/** Layers that run a cell, whose variables the cell has. */
const WITH_CELLS = ['SimpleRNN', 'LSTM', 'GRU', 'RNN'];

/** Layers around another one. */
const WRAPPERS = ['TimeDistributed', 'SpectralNormalization'];

/** Classes whose name in Keras's source is another one than in a config. */
const SOURCE_NAMES: ReadonlyMap<string, string> = new Map([['GroupQueryAttention', 'GroupedQueryAttention']]);

/** States of random numbers, which only training reads. */
const RANDOM_STATE = /(^|\/)seed_generator\//;

/** The variables of an archive. */
export class ArchiveWeights implements WeightSource {
  readonly #file: string;
  readonly #variables: ReadonlyMap<string, Weight>;
  /** The folders that hold a variable, or a folder with one. */
  readonly #folders = new Set<string>();
  readonly #folderOf = new Map<Settings, string>();
  readonly #left: Set<string>;
  readonly #layers = new Map<string, LayerWeights>();

  /** @param variables by their paths, such as `layers/dense/vars/0` @param file for messages */
  constructor(model: ModelConfig, variables: ReadonlyMap<string, Weight>, file: string) {
    this.#file = file;
    this.#variables = variables;
    this.#left = new Set([...variables.keys()].filter((path) => !RANDOM_STATE.test(path)));
    for (const path of variables.keys())
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) this.#folders.add(path.slice(0, end));
    this.#addModel(model, '');
  }

  of(settings: Settings, ...scopes: readonly string[]): LayerWeights {
    const own = this.#folderOf.get(settings) ?? '';
    // Keras 2 leaves the layer that runs backwards out of the config: it is the other one once more.
    const isBackwards = /(^|\/)backward_[^/]*$/.test(scopes[0] ?? '');
    const folder = isBackwards ? own.replace(/\/forward_layer(?=\/|$)/, '/backward_layer') : own;
    const known = this.#layers.get(folder) ?? this.#weightsIn(folder, settings);
    this.#layers.set(folder, known);
    return known;
  }

  checkAllTaken(): void {
    const [first] = this.#left;
    if (first === undefined) return;
    const more = this.#left.size > 1 ? `, nor do ${this.#left.size - 1} more` : '';
    throw broken(
      `Variable "${first}" belongs to no layer of ${this.#file}${more}; its config and its weights are not from one model.save.`,
    );
  }

  #weightsIn(folder: string, settings: Settings): LayerWeights {
    const taken = new Map<string, Weight>();
    const counts = new Map<string, number>();
    const find = (name: string): { readonly path: string; readonly place: string; readonly weight: Weight | undefined } => {
      const place = this.#placeOf(folder, name);
      const path = `${place}/vars/${counts.get(place) ?? 0}`;
      return { path, place, weight: this.#variables.get(path) };
    };
    const keep = (name: string, { path, place, weight }: ReturnType<typeof find>): void => {
      if (weight === undefined) return;
      counts.set(place, (counts.get(place) ?? 0) + 1);
      taken.set(name, weight);
      this.#left.delete(path);
    };
    return {
      skip: (name) => keep(name, find(name)),
      take: (name, shape) => {
        const known = taken.get(name);
        if (known !== undefined) return checkWeight(known, settings, shape);
        const found = find(name);
        keep(name, found);
        if (found.weight === undefined) throw this.#missing(settings, name, shape, found.path);
        return checkWeight(found.weight, settings, shape);
      },
    };
  }

  #missing(settings: Settings, name: string, shape: readonly Dim[], path: string): ReturnType<typeof broken> {
    return broken(
      `${settings.what} has no weight "${name}" of shape ${shapeText(shape)} in ${this.#file}: there is no variable "${path}". Its config and its weights are not from one model.save.`,
    );
  }

  /** The folder of a weight, which a layer inside may own. */
  #placeOf(folder: string, name: string): string {
    const slash = name.indexOf('/');
    const part = slash < 0 ? undefined : PARTS.get(name.slice(0, slash));
    if (part === undefined) return folder;
    return this.#folders.has(`${folder}/_${part}`) ? `${folder}/_${part}` : `${folder}/${part}`;
  }

  #addModel({ layers, ends }: ModelConfig, folder: string): void {
    const within = folder === '' ? '' : `${folder}/`;
    const isOlder = !this.#folders.has(`${within}${LAYERS}`) && this.#folders.has(`${within}${DEPENDENCIES}`);
    const container = `${within}${isOlder ? DEPENDENCIES : LAYERS}`;
    const place = isOlder ? this.#filledFolders(container) : namedFolders();
    for (const { settings, model } of layers.values()) {
      // An operation is no layer, and a sequential model does not count its input.
      if (settings.kind.startsWith('ops.') || (ends === undefined && settings.kind === 'InputLayer')) continue;
      const own = `${container}/${place(settings.kind)}`;
      if (model === undefined) this.#addLayer(settings, own);
      else this.#addModel(model, own);
    }
  }

  /** Names folders by the order of those that hold variables. */
  #filledFolders(container: string): (kind: string) => string {
    const numberOf = (name: string): number => Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
    const names = [...this.#folders]
      .filter((path) => path.startsWith(`${container}/`) && !path.includes('/', container.length + 1))
      .map((path) => path.slice(container.length + 1))
      .sort((a, b) => numberOf(a) - numberOf(b));
    return (kind) => {
      const wanted = folderName(kind);
      const index = names.findIndex((name) => name === wanted || name.replace(/_\d+$/, '') === wanted);
      return index < 0 ? wanted : (names.splice(index, 1)[0] as string);
    };
  }

  #addLayer(settings: Settings, folder: string): void {
    const { kind } = settings;
    this.#folderOf.set(settings, WITH_CELLS.includes(kind) ? `${folder}/cell` : folder);
    if (WRAPPERS.includes(kind)) this.#addLayer(settings.inner('layer'), `${folder}/layer`);
    if (kind === 'Bidirectional') {
      this.#addLayer(settings.inner('layer'), `${folder}/forward_layer`);
      if (settings.value('backward_layer') !== undefined) this.#addLayer(settings.inner('backward_layer'), `${folder}/backward_layer`);
    }
    if (kind !== 'RNN') return;
    const cell = settings.inner('cell');
    if (cell.kind !== 'StackedRNNCells') return;
    const place = namedFolders();
    for (const each of cell.inners('cells')) this.#folderOf.set(each, `${folder}/cell/cells/${place(each.kind)}`);
  }
}

/** Names the layers of a container: by their class, with a number from the second one on. */
function namedFolders(): (kind: string) => string {
  const counts = new Map<string, number>();
  return (kind) => {
    const name = folderName(kind);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  };
}

/** A class's name in lower case, with `_` between words, as Keras's `to_snake_case` makes it. */
const folderName = (kind: string): string =>
  (SOURCE_NAMES.get(kind) ?? kind)
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
