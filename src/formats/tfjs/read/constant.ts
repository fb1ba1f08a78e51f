/** Weights of TF.js as constants of the graph. */
import type { Constant, Storage } from '../../../graph/graph.js';
import type { Weight } from '../weights.js';

/** A weight as a constant of the graph. Its stored bytes stay as they are. */
export const constantOf = ({ name, shape, dtype, quantization, bytes }: Weight): Constant => ({
  value: { name, type: { dataType: dtype, shape } },
  bytes,
  storage: storageOf(quantization),
});

/** How a weight's bytes are stored. */
export function storageOf(quantization: Weight['quantization']): Storage {
  if (quantization === undefined) return { kind: 'plain' };
  if (quantization.dtype === 'float16') return { kind: 'float16' };
  return { kind: quantization.dtype, scale: quantization.scale, min: quantization.min };
}
