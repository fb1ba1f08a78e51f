/** Whether there is a GPU at all: cheap to ask, and asked before a page downloads the webgpu worker. */
import { PannierError } from '../base/errors.js';

/** @throws {PannierError} `backend-unavailable` where there is none; with `adapter: null` in its detail where there may be one later */
export async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === undefined) throw new PannierError('backend-unavailable', 'There is no WebGPU here (navigator.gpu is missing).');
  if (adapter === null)
    throw new PannierError('backend-unavailable', 'WebGPU is there, but no adapter is (requestAdapter gave null).', { adapter: null });
  return adapter;
}

/** What tells one adapter from another; empty in browsers that do not say. */
export function adapterName({ info }: { readonly info?: GPUAdapterInfo | undefined }): string {
  return `${info?.vendor ?? ''} ${info?.architecture ?? ''}`;
}

/** Whether the adapter computes in software, on the processor. Older browsers say so on the adapter itself. */
export function isSoftware(adapter: GPUAdapter): boolean {
  const info: { readonly isFallbackAdapter?: boolean } | undefined = adapter.info;
  return info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
}
