/** Gives the file's weights to the layers that own them, by name and with the shape that a layer needs. No weight may remain. */
import { shapeText } from '../../base/dtype.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import type { Weight } from '../tfjs/weights.js';
import type { Settings } from './settings.js';

/** The weights of one layer by name. */
export interface LayerWeights {
  /**
   * @param name Keras's name of the weight; a rule reads weights in Keras's order
   * @param shape the wanted shape; `null` stands for any size
   * @param newName the name in Keras 3 or TF.js, if it is another one
   * @throws {PannierError} `model-format` if the file has no such weight, or one of another shape
   */
  take(name: string, shape: readonly Dim[], newName?: string): Weight;
  /** Leaves out a weight that only training reads. */
  skip(name: string): void;
}

/** The weights of a model file, and which layer owns each. */
export interface WeightSource {
  /** The weights of a layer whose names begin with one of the scopes, the same ones for each call of the layer. */
  of(settings: Settings, ...scopes: readonly string[]): LayerWeights;
  /** @throws {PannierError} `model-format` if no layer has read a weight */
  checkAllTaken(): void;
}

/**
 * Checks a weight that a layer takes.
 * @throws {PannierError} `model-format`, naming the layer, the weight, the shape that is wanted, and that of the file
 */
export function checkWeight(weight: Weight, settings: Settings, shape: readonly Dim[]): Weight {
  if (weight.dtype !== 'float32') throw broken(`Weight "${weight.name}" of ${settings.what} is ${weight.dtype}; float32 is wanted.`);
  if (weight.shape.length !== shape.length || weight.shape.some((dim, axis) => dim !== (shape[axis] ?? dim))) {
    throw broken(
      `Weight "${weight.name}" of ${settings.what} has shape ${shapeText(weight.shape)}; its config and input want ${shapeText(shape)}.`,
    );
  }
  return weight;
}

/** Weights that are found by their names. */
export class WeightStore implements WeightSource {
  readonly #file: string;
  readonly #byName = new Map<string, Weight>();
  /** By name without the last folder but one, where TensorFlow puts the name of a cell, which the config does not contain. */
  readonly #byShortName = new Map<string, Weight>();
  /** By the last two parts of the name, since Keras 3 puts the names of the surrounding models in front of the layer's. */
  readonly #byEnd = new Map<string, { readonly name: string; readonly weight: Weight }[]>();
  readonly #left: Set<Weight>;
  readonly #isNumbered: boolean;
  readonly #layers = new Map<Settings, Map<string, LayerWeights>>();

  /** @param file for messages */
  constructor(weights: readonly Weight[], file: string) {
    this.#file = file;
    this.#left = new Set(weights);
    for (const weight of weights) {
      const parts = weight.name.split('/');
      this.#byName.set(weight.name, weight);
      this.#addEnd(weight.name, weight);
      if (parts.length <= 2) continue;
      const shortName = parts.toSpliced(-2, 1).join('/');
      this.#byShortName.set(shortName, weight);
      this.#addEnd(shortName, weight);
    }
    // Keras 3 numbers the weights of a layer, `dense/0`; other writers name them, `dense/kernel`.
    this.#isNumbered = weights.length > 0 && weights.every(({ name }) => /\/\d+$/.test(name));
  }

  of(settings: Settings, ...scopes: readonly string[]): LayerWeights {
    const byScope = this.#layers.get(settings) ?? new Map<string, LayerWeights>();
    this.#layers.set(settings, byScope);
    const key = scopes.join(' ');
    const known = byScope.get(key);
    if (known !== undefined) return known;
    const taken = new Map<string, Weight>();
    const namesOf = (name: string, newName = name) =>
      scopes.flatMap((scope) => (this.#isNumbered ? [taken.size] : [name, newName]).map((each) => `${scope}/${each}`));
    const weights: LayerWeights = {
      skip: (name) => {
        const weight = this.#firstOf(namesOf(name));
        if (weight === undefined) return;
        taken.set(name, weight);
        this.#left.delete(weight);
      },
      take: (name, shape, newName) => {
        const weight = taken.get(name) ?? this.#find(settings, namesOf(name, newName), shape);
        taken.set(name, weight);
        return checkWeight(weight, settings, shape);
      },
    };
    byScope.set(key, weights);
    return weights;
  }

  checkAllTaken(): void {
    const [first] = this.#left;
    if (first === undefined) return;
    throw broken(
      `Weight "${first.name}" belongs to no layer of ${this.#file}${this.#left.size > 1 ? `, nor do ${this.#left.size - 1} more` : ''}; its config and its weights are not from one export.`,
    );
  }

  #firstOf(names: readonly string[]): Weight | undefined {
    return names.map((name) => this.#called(name)).find((found) => found !== undefined);
  }

  #find(settings: Settings, names: readonly string[], shape: readonly Dim[]): Weight {
    const weight = this.#firstOf(names);
    if (weight === undefined) {
      const next = this.#isNumbered
        ? 'pack the .keras or .h5 file that it was made from'
        : 'its config and its weights are not from one export';
      throw broken(`${settings.what} has no weight "${names[0]}" of shape ${shapeText(shape)} in ${this.#file}; ${next}.`);
    }
    if (!this.#left.delete(weight))
      throw broken(`${settings.what} and another layer both own weight "${weight.name}"; names must be unique.`);
    return weight;
  }

  #called(wanted: string): Weight | undefined {
    const exact = this.#byName.get(wanted) ?? this.#byShortName.get(wanted);
    // A Keras 3 archive numbers its weights, in folders with other names than the layers: they cannot be assigned.
    if (exact !== undefined || this.#isNumbered) return exact;
    const fitting = (this.#byEnd.get(endOf(wanted)) ?? []).filter(({ name }) => name.endsWith(`/${wanted}`));
    const [nearest, next] = fitting.toSorted((a, b) => a.name.split('/').length - b.name.split('/').length);
    // Two weights in models of the same depth cannot be told apart.
    if (nearest === undefined || nearest.name.split('/').length === next?.name.split('/').length) return undefined;
    return nearest.weight;
  }

  #addEnd(name: string, weight: Weight): void {
    const end = endOf(name);
    const known = this.#byEnd.get(end);
    if (known === undefined) this.#byEnd.set(end, [{ name, weight }]);
    else known.push({ name, weight });
  }
}

const endOf = (name: string): string => name.split('/').slice(-2).join('/');
