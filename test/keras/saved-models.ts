/** Models that Keras 3 saved, with its answers. `keras-3.py` writes them. */
import { readFileSync } from 'node:fs';
import type { Weight } from '../../src/formats/tfjs/weights.js';
import type { Json } from '../fixtures/layers.js';

export interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export interface SavedModel {
  readonly kind: string;
  readonly config: Json;
  readonly weights: readonly (Numbers & { readonly name: string; readonly dtype: 'float32' | 'int32' })[];
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
}

const [head, ...lines] = readFileSync('test/keras/keras-3.jsonl', 'utf8').trimEnd().split('\n');

/** The version of Keras that saved them. */
export const { keras: VERSION } = JSON.parse(head!) as { readonly keras: string };

export const SAVED = lines.map((line) => JSON.parse(line) as SavedModel);

/** Numbers in an array of their type; float32 unless they are int32. */
export const arrayOf = (dtype: string | undefined, values: readonly number[]): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> =>
  dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);

/** The topology of a model, as a model.json has it. */
export const topologyOf = ({ config }: SavedModel): Json => ({ keras_version: VERSION, model_config: config });

export const weightsOf = ({ weights }: SavedModel): readonly Weight[] =>
  weights.map(({ name, dtype, shape, values }) => ({ name, dtype, shape, bytes: new Uint8Array(arrayOf(dtype, values).buffer) }));
