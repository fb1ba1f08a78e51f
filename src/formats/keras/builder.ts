/** Builds a GraphDef node by node: names that do not clash, constants kept once, shapes known. */
import type { DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import { Names } from '../../base/names.js';
import type { Dim } from '../../manifest/signature.js';
import { broken } from '../file-fields.js';
import { LIMITS } from '../limits.js';
import type { Weight } from '../tfjs/weights.js';
import { attr as graphDefAttr } from '../tfjs/write-attributes.js';

/** One tensor of the graph that is being built. */
export interface GraphTensor {
  /** The tensor's name as an input of nodes: `node`, or `node:1`. */
  readonly ref: string;
  /** The first size is the batch, which is always open. */
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** The attributes of a node in a GraphDef as JSON. Open sizes are null. */
export const attr = {
  ...graphDefAttr,
  shape: (shape: readonly Dim[]) => ({ shape: { dim: shape.map((dim) => ({ size: String(dim ?? -1) })) } }),
};

/** A graph under construction. */
export class GraphBuilder {
  readonly nodes: Fields[] = [];
  readonly weights: Weight[] = [];
  readonly #names = new Names();
  readonly #constants = new Map<string, GraphTensor>();
  #calls = 0;

  /** Counts a call of a layer as a node, since models within models could call one another endlessly. */
  countCall(layer: string): void {
    if (++this.#calls > LIMITS.nodes) throw broken(`The model calls more than ${LIMITS.nodes} layers; that is the limit (at "${layer}").`);
  }

  /** Adds a node called `scope/op`, or `scope` for the node that is its layer's output. */
  op(
    scope: string,
    op: string,
    inputs: readonly GraphTensor[],
    shape: readonly Dim[],
    attrs: Fields = {},
    dtype: DType = 'float32',
  ): GraphTensor {
    const elements = shape.slice(1).reduce<number>((size, dim) => size * (dim ?? 1), 1);
    if (elements > LIMITS.layerElements) {
      throw broken(`"${scope}" makes ${elements} values of one example; the limit is ${LIMITS.layerElements}.`);
    }
    const name = this.#add(`${scope}/${op}`, op, { input: inputs.map(({ ref }) => ref), attr: attrs });
    return { ref: name, shape, dtype };
  }

  /** An input of the graph. */
  placeholder(name: string, shape: readonly Dim[], dtype: DType): GraphTensor {
    return { ref: this.#add(name, 'Placeholder', { attr: { dtype: attr.type(dtype), shape: attr.shape(shape) } }), shape, dtype };
  }

  /** A weight of the model file, which becomes one constant however often it is used. Characters that a graph does not allow are dropped from its name. */
  weight(weight: Weight): GraphTensor {
    return this.#constant(`weight ${weight.name}`, weight.name, weight);
  }

  /** A constant of whole numbers: a shape, axes or sizes. */
  wholes(values: readonly number[], shape: readonly number[] = [values.length]): GraphTensor {
    return this.#number('int32', Int32Array.from(values), shape);
  }

  /** A constant of one whole number, for example an axis. */
  whole(value: number): GraphTensor {
    return this.wholes([value], []);
  }

  /** A constant of numbers that a rule computes. */
  numbers(values: readonly number[], shape: readonly number[] = [values.length]): GraphTensor {
    return this.#number('float32', Float32Array.from(values), shape);
  }

  /** A constant of one number. */
  number(value: number): GraphTensor {
    return this.numbers([value], []);
  }

  #number(dtype: 'int32' | 'float32', values: Int32Array | Float32Array, shape: readonly number[]): GraphTensor {
    const key = `${dtype} [${shape}] ${values}`;
    return this.#constant(key, `constant_${this.#constants.size}`, {
      name: '',
      shape,
      dtype,
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
  }

  #constant(key: string, wanted: string, weight: Weight): GraphTensor {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#add(wanted, 'Const', { attr: { dtype: attr.type(weight.dtype) } });
    const tensor = { ref: name, shape: weight.shape, dtype: weight.dtype };
    this.weights.push({ ...weight, name });
    this.#constants.set(key, tensor);
    return tensor;
  }

  #add(wanted: string, op: string, rest: Fields): string {
    if (this.nodes.length >= LIMITS.nodes) throw broken(`The model needs more than ${LIMITS.nodes} nodes; that is the limit.`);
    const name = this.#unique(wanted);
    this.nodes.push({ name, op, ...rest });
    return name;
  }

  /** Layers can have any name, but `:` and `^` have a meaning in the names of a graph. */
  #unique(wanted: string): string {
    return this.#names.take(wanted.replace(/[^\w./-]/g, '_').slice(0, LIMITS.nameBytes - 8));
  }
}
