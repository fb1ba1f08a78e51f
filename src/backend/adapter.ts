/** Whether there is a GPU at all: cheap to ask, and asked before a page downloads the webgpu worker. */
import { PannierError } from '../errors.js';

/** @throws {PannierError} `backend-unavailable` where there is none, or only one in software that nobody asked for */
export async function requestAdapter(allowSoftware: boolean): Promise<GPUAdapter> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === undefined) throw new PannierError('backend-unavailable', 'There is no WebGPU here (navigator.gpu is missing).');
  if (adapter === null) throw new PannierError('backend-unavailable', 'WebGPU is there, but no adapter is (requestAdapter gave null).');
  // Older browsers have no info, and no software adapter that they would offer.
  const info: Partial<GPUAdapterInfo> = adapter.info ?? {};
  if (allowSoftware || !isSoftware(info)) return adapter;
  const which = `${info.vendor} ${info.architecture}`;
  throw new PannierError(
    'backend-unavailable',
    `The only WebGPU adapter is software (${which}), slower than wasm. Ask for backend: 'webgpu' by name to use it.`,
  );
}

/** SwiftShader, llvmpipe and Microsoft's renderer run shaders on the processor. */
function isSoftware({ isFallbackAdapter = false, vendor, architecture, device, description }: Partial<GPUAdapterInfo>): boolean {
  return isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${vendor} ${architecture} ${device} ${description}`);
}
