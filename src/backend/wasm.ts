/** The wasm backend: TF.js's XNNPACK build with SIMD, one thread, started from bytes that we verified. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { env, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { messageOf, PannierError } from '../errors.js';
import type { StartBackend } from './backend.js';

/** An address that only our own platform fetch answers. */
const BINARY = 'pannier:tfjs-backend-wasm-simd.wasm';

/** `(module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt))`: valid only with SIMD. */
const SIMD_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

const factory = findBackendFactory('wasm');

export const start: StartBackend = async ({ wasmBinary }) => {
  if (wasmBinary === undefined) throw new PannierError('backend-unavailable', 'wasm needs the bytes of its binary to start.');
  checkWebAssembly();
  const flags = env();
  // The threaded build starts eight blob: workers, which a strict CSP turns into a hang.
  flags.set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  flags.set('WASM_HAS_SIMD_SUPPORT', true);
  // TF.js's loader has no error path for a failed fetch, so the bytes are here before it asks.
  const platform = flags.platform;
  flags.platform = Object.assign(Object.create(platform), {
    fetch: async (url: string, init?: RequestInit) =>
      url === BINARY ? { ok: true, arrayBuffer: async () => wasmBinary } : platform.fetch(url, init),
  });
  try {
    const paths = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];
    setWasmPaths(Object.fromEntries(paths.map((path) => [path, BINARY])), true);
    removeBackend('wasm');
    // Priority 0: the package's own registration would outrank the page's backend.
    registerBackend('wasm', factory, 0);
    if (!(await setBackend('wasm'))) throw new PannierError('backend-unavailable', 'TF.js could not start its wasm backend.');
  } finally {
    flags.platform = platform;
  }
  return { maxBufferBytes: 2 ** 32 - 2 ** 16, identity: '', failure: () => undefined, dispose: () => removeBackend('wasm') };
};

/** A blocked or missing WebAssembly would leave TF.js's loader waiting for ever. */
function checkWebAssembly(): void {
  if (typeof WebAssembly !== 'object') throw new PannierError('backend-unavailable', 'WebAssembly does not exist here.');
  if (!WebAssembly.validate(SIMD_MODULE)) throw new PannierError('backend-unavailable', 'WebAssembly has no SIMD here.');
  try {
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch (thrown) {
    throw new PannierError('policy-blocked', `The page's policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src. (${messageOf(thrown)})`);
  }
}
