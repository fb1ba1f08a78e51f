/** The constants of a .tflite file while its operators are read, as the file stores them, and the floats that they stand for. */
import type { Names } from '../../../base/names.js';
import type { Constant } from '../../../graph/graph.js';
import type { Tensors } from '../../reading/tensors.js';
import type { Quantization, TfliteTensor } from '../model.js';
import { dequantized } from './constant.js';
import { isFloatWeight } from './constant-operators.js';

export class Constants {
  readonly #tensors: Tensors;
  readonly #names: Names;
  readonly #stored = new Map<string, Constant>();
  /** The names of their floats, by theirs. */
  readonly #floatNames = new Map<string, string>();

  /** @param tensors gets each constant; `names` are those that the reader knows tensors by */
  constructor(tensors: Tensors, names: Names) {
    this.#tensors = tensors;
    this.#names = names;
  }

  has(name: string): boolean {
    return this.#stored.has(name);
  }

  get(name: string): Constant | undefined {
    return this.#stored.get(name);
  }

  set(constant: Constant): void {
    this.#stored.set(constant.value.name, constant);
    this.#tensors.setConstant(constant);
  }

  /** The name of the floats that a constant's numbers stand for, which are made once. */
  floatsOf(name: string, { quantization }: TfliteTensor): string {
    const known = this.#floatNames.get(name);
    if (known !== undefined) return known;
    const floats = this.#names.take(`${name}/floats`);
    this.set(dequantized(this.#stored.get(name) as Constant, quantization as Quantization, floats));
    this.#floatNames.set(name, floats);
    return floats;
  }

  /** Inputs of an operator of floats whose weights are whole numbers with a scale: they become floats, stored as they are. */
  withFloatWeights(
    names: readonly string[],
    inputs: readonly (TfliteTensor | undefined)[],
    outputs: readonly TfliteTensor[],
  ): readonly string[] {
    return names.map((name, place) => {
      const tensor = inputs[place];
      return tensor !== undefined && this.has(name) && isFloatWeight(tensor, outputs) ? this.floatsOf(name, tensor) : name;
    });
  }
}
