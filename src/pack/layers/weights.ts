/** The file's weights, handed to the layers that own them: each by name, of the shape the layer needs, and none left over. */
import type { Dim } from '../../signature.js';
import { broken, showShape } from '../fields.js';
import type { Weight } from '../files/weights.js';
import type { Settings } from './settings.js';

/** One layer's weights, asked for by name. */
export interface LayerWeights {
  /**
   * @param name Keras's name of the weight; asked for in Keras's order
   * @param shape a size of `null` may be any
   * @throws {PannierError} `model-format` where the file has none, or one of another shape
   */
  take(name: string, shape: readonly Dim[]): Weight;
}

/** All weights of a model file. */
export class WeightStore {
  readonly #byName = new Map<string, Weight>();
  /** Under their names without the last folder but one: TensorFlow puts a cell's name there, which layers do not know of. */
  readonly #byShortName = new Map<string, Weight>();
  readonly #left: Set<Weight>;
  readonly #isNumbered: boolean;
  readonly #layers = new Map<Settings, Map<string, LayerWeights>>();

  constructor(weights: readonly Weight[]) {
    this.#left = new Set(weights);
    for (const weight of weights) {
      const parts = weight.name.split('/');
      this.#byName.set(weight.name, weight);
      if (parts.length > 2) this.#byShortName.set(parts.toSpliced(-2, 1).join('/'), weight);
    }
    // Keras 3 files number a layer's weights, `dense/0`, where others name them, `dense/kernel`.
    this.#isNumbered = weights.length > 0 && weights.every(({ name }) => /\/\d+$/.test(name));
  }

  /** The weights whose names begin with `scope`; the same ones for each call of a layer. */
  of(settings: Settings, scope: string): LayerWeights {
    const scopes = this.#layers.get(settings) ?? new Map<string, LayerWeights>();
    this.#layers.set(settings, scopes);
    const known = scopes.get(scope);
    if (known !== undefined) return known;
    const taken = new Map<string, Weight>();
    const weights: LayerWeights = {
      take: (name, shape) => {
        const weight = taken.get(name) ?? this.#find(settings, scope, name, taken.size);
        taken.set(name, weight);
        if (weight.dtype !== 'float32') throw broken(`Weight "${weight.name}" of ${settings.what} is ${weight.dtype}; float32 is wanted.`);
        if (weight.shape.length !== shape.length || weight.shape.some((dim, axis) => dim !== (shape[axis] ?? dim))) {
          throw broken(
            `Weight "${weight.name}" of ${settings.what} has shape ${showShape(weight.shape)}; its config and input want ${showShape(shape)}.`,
          );
        }
        return weight;
      },
    };
    scopes.set(scope, weights);
    return weights;
  }

  /** @throws {PannierError} `model-format` where no layer asked for a weight */
  checkAllTaken(file: string): void {
    const [first] = this.#left;
    if (first === undefined) return;
    throw broken(
      `Weight "${first.name}" belongs to no layer of ${file}${this.#left.size > 1 ? `, nor do ${this.#left.size - 1} more` : ''}; model.json and weights are not from one export.`,
    );
  }

  #find(settings: Settings, scope: string, name: string, index: number): Weight {
    const wanted = `${scope}/${this.#isNumbered ? index : name}`;
    const weight = this.#byName.get(wanted) ?? this.#byShortName.get(wanted);
    if (weight === undefined) {
      throw broken(`${settings.what} has no weight "${wanted}" in the weightsManifest; model.json and weights are not from one export.`);
    }
    if (!this.#left.delete(weight))
      throw broken(`${settings.what} and another layer both own weight "${weight.name}"; names must be unique.`);
    return weight;
  }
}
