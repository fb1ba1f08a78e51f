/**
 * The files that ship with the package, with addresses as functions: `new URL('…', import.meta.url)`
 * is what bundlers follow, and only calling it does anything. Each works from any file at the root
 * of `dist`.
 */
import type { BackendName } from '../base/backend-name.js';

/** TF.js's plain SIMD build; held to the installed package by a test. */
export const WASM_BINARY = {
  name: 'tfjs-backend-wasm-simd.wasm',
  bytes: 424594,
  sha256: '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
  url: () => new URL('./tfjs-backend-wasm-simd.wasm', import.meta.url).href,
} as const;

/** One self-contained module worker per backend. */
export const WORKERS: Readonly<Record<BackendName, { readonly name: string; readonly url: () => string }>> = {
  webgpu: { name: 'worker/webgpu.js', url: () => new URL('./worker/webgpu.js', import.meta.url).href },
  wasm: { name: 'worker/wasm.js', url: () => new URL('./worker/wasm.js', import.meta.url).href },
  cpu: { name: 'worker/cpu.js', url: () => new URL('./worker/cpu.js', import.meta.url).href },
};
