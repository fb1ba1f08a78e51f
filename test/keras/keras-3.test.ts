/** Models that Keras 3 saved become graphs that answer as Keras itself. `keras-3.py` writes them, with the answers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lowerLayers } from '../../src/formats/keras/lower.js';
import type { Weight } from '../../src/formats/tfjs/weights.js';
import { expectClose } from '../fixtures/expect-close.js';
import type { Json } from '../fixtures/layers.js';
import { referenceAnswers } from '../fixtures/lowered-layers.js';

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Saved {
  readonly kind: string;
  readonly config: Json;
  readonly weights: readonly (Numbers & { readonly name: string; readonly dtype: 'float32' | 'int32' })[];
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
}

const [head, ...lines] = readFileSync('test/keras/keras-3.jsonl', 'utf8').trimEnd().split('\n');
const { keras } = JSON.parse(head!) as { readonly keras: string };
const SAVED = lines.map((line) => JSON.parse(line) as Saved);

const arrayOf = (dtype: string | undefined, values: readonly number[]) =>
  dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);

describe(`as Keras ${keras}`, () => {
  it.each(SAVED)('$kind', ({ config, weights, inputs, outputs }) => {
    const stored = weights.map(
      ({ name, dtype, shape, values }): Weight => ({ name, dtype, shape, bytes: new Uint8Array(arrayOf(dtype, values).buffer) }),
    );
    const lowered = lowerLayers({ keras_version: keras, model_config: config }, stored, 'model.json');
    const given = lowered.graph.inputs.map(({ type }, index) => {
      const { shape, values } = inputs[index]!;
      return { shape: [...shape], data: arrayOf(type?.dataType, values) };
    });
    const answers = referenceAnswers(lowered, given);
    expect(answers.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
    for (const [index, { data }] of answers.entries()) expectClose([...data], outputs[index]!.values, `output ${index}`);
  });
});
