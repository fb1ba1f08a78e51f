/** Small TF.js graphs that show what a kernel of TF.js answers by itself, without the writer. */
import type { WideDType } from '../../src/base/dtype.js';
import type { Fields } from '../../src/base/fields.js';
import { attr } from '../../src/formats/tfjs/write/attributes.js';
import { GraphDef, outputOf, type WrittenTensor } from '../../src/formats/tfjs/write/graph-def.js';
import type { TfjsGraphModel } from '../../src/formats/tfjs/write/write.js';
import type { Tensor } from '../../src/graph/tensor.js';

/** A tensor of one of TF.js's dtypes. */
export type RawTensor = Tensor & { readonly dataType: WideDType };

/** Builds a graph of TF.js's own ops. */
export class RawGraph {
  readonly feeds: Record<string, RawTensor> = {};
  readonly #def = new GraphDef();
  readonly #inputs: WrittenTensor[] = [];

  /** An input of the graph. */
  input(tensor: RawTensor): WrittenTensor {
    const { dataType, shape } = tensor;
    const node = this.#def.add('Placeholder', [], { dtype: attr.type(dataType), shape: attr.shape(shape) }, 'x');
    node.name = `x${this.#inputs.length}`;
    this.feeds[node.name] = tensor;
    this.#inputs.push(outputOf(node));
    return outputOf(node);
  }

  /** A parameter of an op, such as axes. */
  numbers(values: readonly number[], shape: readonly number[] = [values.length], dtype: WideDType = 'int32'): WrittenTensor {
    return this.#def.numbers('parameter', dtype, values, shape);
  }

  number(value: number, dtype: WideDType = 'int32'): WrittenTensor {
    return this.numbers([value], [], dtype);
  }

  add(op: string, inputs: readonly WrittenTensor[], attributes: Fields = {}): WrittenTensor {
    return outputOf(this.#def.add(op, inputs, attributes, 'raw'));
  }

  /** The graph of one output. */
  build(output: WrittenTensor): TfjsGraphModel {
    const { topology, weights, nameOf } = this.#def.build();
    return { topology, weights, inputs: this.#inputs.map(nameOf), outputs: [nameOf(output)] };
  }
}

export const floats = (shape: readonly number[], data: readonly number[]): RawTensor => ({
  dataType: 'float32',
  shape,
  data: Float32Array.from(data),
});

export const wholes = (shape: readonly number[], data: readonly number[]): RawTensor => ({
  dataType: 'int32',
  shape,
  data: Int32Array.from(data),
});

export const flags = (shape: readonly number[], data: readonly number[]): RawTensor => ({
  dataType: 'bool',
  shape,
  data: Uint8Array.from(data),
});
