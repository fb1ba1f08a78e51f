/** Refuses to start what computes with WebAssembly where it is missing, forbidden or without SIMD. */
import { messageOf, PannierError } from '../base/errors.js';

/** `(module (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt))`: valid only with SIMD. */
const SIMD_MODULE = '0061736d010000000105016000017b030201000a0a0108004100fd0ffd620b';

const EMPTY_MODULE = '0061736d01000000';

const fromHex = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** @throws {PannierError} `backend-unavailable`, or `policy-blocked` where the page's policy forbids WebAssembly */
export function checkWebAssembly(): void {
  if (typeof WebAssembly !== 'object') throw new PannierError('backend-unavailable', 'WebAssembly does not exist here.');
  if (!WebAssembly.validate(fromHex(SIMD_MODULE))) throw new PannierError('backend-unavailable', 'WebAssembly has no SIMD here.');
  try {
    new WebAssembly.Module(fromHex(EMPTY_MODULE));
  } catch (thrown) {
    throw new PannierError(
      'policy-blocked',
      `The page's policy forbids WebAssembly: add 'wasm-unsafe-eval' to script-src. (${messageOf(thrown)})`,
    );
  }
}
