/** Models after public bug reports answer right on every backend of Node. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { scratch, writeModel } from '../fixtures/models.js';
import { REPORTED } from '../fixtures/reported.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

describe.each(Object.keys(REPORTED))('%s', (name) => {
  const { model, input, right } = REPORTED[name]!;
  const raw = writeModel(model, join(folder, name.replace(/\W+/g, '-')));
  const packed = pack({ model: raw, out: join(folder, `${name.replace(/\W+/g, '-')}-packed`), name: 'reported' });

  it.each(['cpu', 'wasm'] as const)('on %s', async (backend) => {
    const { manifest } = await packed;
    using loaded = await loadModel(manifest, { backend, assetUrl });
    const { outputs } = await loaded.predict({ x: ARRAYS[input.dtype].from(input.data) } as never);
    const [got] = Object.values(outputs) as [(typeof outputs)[string]];
    expect({ dtype: got.dtype, shape: [...got.shape], data: [...(got.data as Float32Array)] }).toEqual(right);
  });
});
