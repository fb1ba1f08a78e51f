/** A graph's constants and inputs as a benchmark's page takes them, in Node. */
import { tensorOf } from '../../src/graph/constant.js';
import { isFloat } from '../../src/graph/element-type.js';
import type { Graph } from '../../src/graph/graph.js';
import type { TensorType } from '../../src/graph/tensor.js';

/** @returns all constants one after the other as float64, and their names and sizes with those of the inputs */
export function dataOf(graph: Graph) {
  const tensors = graph.constants.map((each) => ({ name: each.value.name, ...tensorOf(each) }));
  return {
    weights: Buffer.concat(tensors.map(({ data }) => new Uint8Array(Float64Array.from(data).buffer))),
    about: {
      constants: tensors.map(({ name, dataType, shape, data }) => ({ name, dataType, shape, length: data.length })),
      inputs: graph.inputs.map(({ name, type }) => {
        const { dataType, shape } = type as TensorType;
        return { name, dataType, shape, isFloat: isFloat(dataType) };
      }),
    },
  };
}
