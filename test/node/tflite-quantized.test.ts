/** Quantised and stateful .tflite files of tflite-micro, packed and run as an app runs them: they answer what their networks mean. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { loadModel } from '../../src/index.js';
import { pack } from '../../src/pack/index.js';
import { drawDigit } from '../fixtures/digits.js';
import { scratch } from '../fixtures/models.js';

const ARCHIVE = join(process.env['PANNIER_DATA'] ?? '../shared/data', 'tflite-tests.tar.xz');

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** A file of the archive. */
function fileOf(name: string): string {
  const path = `tflite-tests/micro/${name}.tflite`;
  execFileSync('tar', ['-xJf', ARCHIVE, '-C', folder, path]);
  return join(folder, path);
}

describe.skipIf(!existsSync(ARCHIVE))('of tflite-micro', () => {
  // Its makers hold sin x to 0.05 at these four places (tflite-micro, examples/hello_world/evaluate_test.cc).
  it('hello_world in 8 bits is sin x, on both engines', async () => {
    const { manifest, warnings } = await pack({ model: fileOf('hello_world_int8'), out: join(folder, 'hello') });
    expect(warnings).toEqual([]);
    const input = { scale: expect.closeTo((2 * Math.PI) / 255, 3), zeroPoint: -128 };
    expect(manifest.signature.inputs['denseInput']).toEqual({ dtype: 'int8', shape: [null, 1], quantization: input });
    const [taken, given] = [manifest.signature.inputs['denseInput']?.quantization, manifest.signature.outputs['dense2']?.quantization];
    if (taken === undefined || given === undefined) throw new Error('hello_world is quantised.');
    const source = (await import(join(folder, 'hello/model.js'))).default;
    const angles = [0.77, 1.57, 2.3, 3.14, ...Array.from({ length: 62 }, (_, index) => index / 10)];
    const numbers = Int8Array.from(angles, (x) => Math.round(x / taken.scale) + taken.zeroPoint);
    for (const backend of ['wasm', 'cpu'] as const) {
      const loaded = await loadModel(source, { backend, assetUrl, cache: null });
      const { outputs } = await loaded.predict({ denseInput: { data: numbers, shape: [numbers.length, 1] } });
      loaded.dispose();
      expect(outputs['dense2']?.data).toBeInstanceOf(Int8Array);
      const sines = Array.from(outputs['dense2']?.data as Int8Array, (number) => (number - given.zeroPoint) * given.scale);
      const errors = sines.map((sine, index) => Math.abs(sine - Math.sin(angles[index] as number)));
      expect(Math.max(...errors.slice(0, 4))).toBeLessThanOrEqual(0.05);
      expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.03);
    }
  });

  // The LSTM reads a picture row by row. Its state stays, so that each picture begins with a reset.
  it.each([
    ['trained_lstm', (pixels: Float32Array) => pixels],
    ['trained_lstm_int8', (pixels: Float32Array) => Int8Array.from(pixels, (pixel) => Math.round(pixel * 255) - 128)],
  ] as const)('%s knows its digits', async (name, toInput) => {
    const { manifest, warnings } = await pack({ model: fileOf(name), out: join(folder, name) });
    expect([warnings, manifest.targets.compiled?.refused, manifest.targets.tfjs.refused]).toEqual([[], {}, {}]);
    const source = (await import(join(folder, name, 'model.js'))).default;
    const loaded = await loadModel(source, { backend: 'wasm', assetUrl, cache: null });
    const known: number[] = [];
    for (let digit = 0; digit < 10; digit++) {
      loaded.resetState();
      const scores = (await loaded.predict({ fixedInput: toInput(drawDigit(digit)) })).outputs['sequential']?.data as Float32Array;
      known.push(scores.indexOf(Math.max(...scores)));
    }
    loaded.dispose();
    expect(known).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each(['dtln_noise_suppression', 'keyword_scrambled', 'keyword_scrambled_8bit', 'micro_speech_quantized'])(
    '%s is compiled, and held',
    async (name) => {
      const { manifest } = await pack({ model: fileOf(name), out: join(folder, name) });
      expect([manifest.targets.compiled?.refused, manifest.targets.tfjs.refused]).toEqual([{}, {}]);
    },
  );
});
