/** Guards around the memory that TF.js's wasm kernels write into, so that a kernel that writes beyond its output is found. */
import { findBackend } from '@tensorflow/tfjs-core';

/** Bytes before and behind each piece of memory. A multiple of 16, by which Emscripten aligns. */
const GUARD_BYTES = 64;

/** What guards hold, and what fresh memory holds: a kernel that leaves an element unwritten does not give 0 by chance. */
const GUARD_BYTE = 0xa5;
const FRESH_BYTE = 0x7b;

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
  readonly HEAPU8: Uint8Array;
}

/** A heap whose memory is guarded. */
export interface GuardedHeap {
  /** Whether a guard was written over since the last call. */
  isBroken(): boolean;
}

/** Guards the heap of the wasm backend that is registered now. */
export function guardHeap(): GuardedHeap {
  const { wasm: heap } = findBackend('wasm') as unknown as { readonly wasm: Heap };
  const { _malloc: malloc, _free: free } = heap;
  const sizes = new Map<number, number>();
  let broken = false;
  const isWhole = (address: number, bytes: number): boolean => {
    const memory = heap.HEAPU8;
    const guards = [memory.subarray(address - GUARD_BYTES, address), memory.subarray(address + bytes, address + bytes + GUARD_BYTES)];
    return guards.every((guard) => guard.every((byte) => byte === GUARD_BYTE));
  };
  heap._malloc = (bytes) => {
    const address = malloc(bytes + 2 * GUARD_BYTES) + GUARD_BYTES;
    heap.HEAPU8.fill(GUARD_BYTE, address - GUARD_BYTES, address + bytes + GUARD_BYTES).fill(FRESH_BYTE, address, address + bytes);
    sizes.set(address, bytes);
    return address;
  };
  heap._free = (address) => {
    const bytes = sizes.get(address);
    // Kernels free memory that the module has allocated by itself.
    if (bytes === undefined) return free(address);
    broken ||= !isWhole(address, bytes);
    sizes.delete(address);
    free(address - GUARD_BYTES);
  };
  return {
    isBroken() {
      const result = broken || [...sizes].some(([address, bytes]) => !isWhole(address, bytes));
      broken = false;
      return result;
    },
  };
}
