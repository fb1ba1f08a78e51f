/** The wasm backend: TF.js's XNNPACK build with SIMD and one thread, started from verified bytes. */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import {
  env,
  findBackend,
  findBackendFactory,
  type KernelBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core';
import { PannierError } from '../../base/errors.js';
import { checkWebAssembly } from '../check-webassembly.js';
import type { EngineStart, StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import { Failing } from './failing.js';
import { mendWasmKernels } from './mended-kernels.js';
import { enqueue, oncePerThread } from './realm.js';
import type { Failure, StartedBackend } from './started-backend.js';

/** An address that is answered by the platform's `fetch` as this file replaces it, and by no network. */
const BINARY = 'pannier:tfjs-backend-wasm-simd.wasm';

const factory = findBackendFactory('wasm');

const startBackend = oncePerThread((options) => enqueue(() => startWasm(options)));

export const start: StartEngine = async (options) => createEngine('wasm', await startBackend(options));

async function startWasm({ binary }: EngineStart): Promise<StartedBackend> {
  if (binary === undefined) throw new PannierError('backend-unavailable', 'wasm needs the bytes of its binary to start.');
  // TF.js's loader (4.22) would wait for ever.
  checkWebAssembly();
  const flags = env();
  // The threaded build (4.22) starts eight blob: workers and hangs under a strict CSP.
  flags.set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  flags.set('WASM_HAS_SIMD_SUPPORT', true);
  // TF.js's loader (4.22) never settles after a failed fetch, so that the bytes are downloaded before it asks for them.
  const platform = flags.platform;
  flags.platform = Object.assign(Object.create(platform), {
    fetch: async (url: string, init?: RequestInit) => {
      if (url !== BINARY) return platform.fetch(url, init);
      removeNodeListeners();
      return { ok: true, arrayBuffer: async () => binary };
    },
  });
  try {
    const paths = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm-threaded-simd.wasm'];
    setWasmPaths(Object.fromEntries(paths.map((path) => [path, BINARY])), true);
    if (findBackendFactory('wasm') !== null) removeBackend('wasm');
    mendWasmKernels();
    // The package's own registration would outrank the page's backend; priority 0 does not.
    registerBackend('wasm', factory, 0);
    if (!(await setBackend('wasm'))) throw new PannierError('backend-unavailable', 'TF.js could not start its wasm backend.');
  } finally {
    flags.platform = platform;
  }
  const backend = findBackend('wasm') as KernelBackend & { readonly wasm: Heap };
  const isRefused = guardHeap(backend.wasm);
  // TF.js's own `dispose` (4.22) removes every listener of Node's process, the app's too. The heap is freed with its instance.
  Object.assign(backend, { dispose: () => undefined });
  const failing = new Failing();
  const fail = (failure: Failure) => {
    failing.fail(failure);
    // Freeing a tensor would call into a heap that is half-written, and trap.
    Object.assign(backend, { disposeData: () => true });
  };
  return {
    maxBufferBytes: 2 ** 32 - 2 ** 16,
    identity: '',
    failure() {
      if (isRefused()) fail({ code: 'out-of-memory', reason: 'one of its kernels was refused the memory that it computes in' });
      return failing.failure();
    },
    whenFailed: failing.whenFailed,
    confirm: () => undefined,
    examine(thrown) {
      if (!(thrown instanceof WebAssembly.RuntimeError)) return;
      const code = isRefused() ? 'out-of-memory' : 'backend-rejected';
      fail({ code, reason: `its WebAssembly instance trapped: ${thrown.message}` });
    },
    dispose() {
      // After a trap, another backend may be registered under the name.
      if (findBackend('wasm') === backend) removeBackend('wasm');
    },
  };
}

interface NodeProcess {
  readonly versions?: { readonly node?: unknown };
  listeners(event: string): readonly ((...args: unknown[]) => void)[];
  removeListener(event: string, listener: (...args: unknown[]) => void): void;
}

/**
 * In Node, TF.js's loader (4.22) adds listeners that end the process at an uncaught exception or rejection, whatever the app
 * has decided. It asks for the binary right after that, so that its listeners are the last ones.
 */
function removeNodeListeners(): void {
  const { process } = globalThis as { process?: NodeProcess };
  if (typeof process?.versions?.node !== 'string') return;
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const last = process.listeners(event).at(-1);
    if (last !== undefined) process.removeListener(event, last);
  }
}

/** Exports of TF.js's wasm module other than kernels. */
interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
  readonly asm: { readonly memory: WebAssembly.Memory };
}

/**
 * Turns a full heap into an error. TF.js (4.22) ignores that `malloc` has returned 0, and writes over other tensors.
 * @returns a function that tells whether a kernel was refused memory, for whose own requests no error can be thrown
 */
function guardHeap(heap: Heap): () => boolean {
  // Emscripten replaces `_malloc` and `_free` at their first call.
  heap._free(heap._malloc(1));
  const malloc = heap._malloc;
  const { memory } = heap.asm;
  let isRefused = false;
  memory.grow = (pages) => {
    // Emscripten asks for less if much is refused: the last answer counts.
    isRefused = true;
    const before = WebAssembly.Memory.prototype.grow.call(memory, pages);
    isRefused = false;
    return before;
  };
  heap._malloc = (bytes) => {
    const address = malloc(bytes);
    if (address === 0 && bytes > 0) {
      isRefused = false;
      throw new PannierError('out-of-memory', `The wasm heap has no room for another ${bytes} bytes.`, { bytes });
    }
    return address;
  };
  return () => isRefused;
}
