/** The browser's GPU adapter. Asking for it is cheap, so that it is done before a page downloads the webgpu worker. */
import { PannierError } from '../base/errors.js';

/**
 * The fastest adapter that the browser has.
 * @throws {PannierError} `backend-unavailable` if there is none; its detail holds `adapter: null` if there may be one later
 */
export async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === undefined) throw new PannierError('backend-unavailable', 'There is no WebGPU here (navigator.gpu is missing).');
  if (adapter === null)
    throw new PannierError('backend-unavailable', 'WebGPU has no adapter here (requestAdapter gave null).', { adapter: null });
  return adapter;
}
