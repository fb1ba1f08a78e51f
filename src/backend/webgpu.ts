/** The webgpu backend: TF.js's WGSL kernels on a GPUDevice that is ours, or the app's own. */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { findBackend, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { PannierError } from '../errors.js';
import type { BackendStart, StartBackend, StartedBackend } from './backend.js';
import { oncePerThread, takeTurn } from './realm.js';

/** Limits worth asking for: the defaults refuse buffers that an ordinary model needs. */
const LIMITS = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export const start: StartBackend = oncePerThread(startWebgpu);

async function startWebgpu({ device: given, allowSoftwareAdapter = false }: BackendStart): Promise<StartedBackend> {
  const device = given ?? (await requestDevice(allowSoftwareAdapter));
  let failure: string | undefined;
  // Without a listener a failed shader is a line in the console and an output of zeros.
  const onError = ({ error }: GPUUncapturedErrorEvent) => {
    failure ??= error.message;
  };
  device.addEventListener('uncapturederror', onError);
  void device.lost.then(({ reason, message }) => {
    failure ??= `the GPU device was lost (${reason || 'unknown'}) ${message}`;
  });
  const backend = new WebGPUBackend(device, device.adapterInfo);
  await takeTurn(() => {
    // The package's own registration, or ours whose device was lost.
    if (findBackendFactory('webgpu') !== null) removeBackend('webgpu');
    registerBackend('webgpu', () => backend, 0);
    return setBackend('webgpu');
  });
  return {
    maxBufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
    identity: `${device.adapterInfo.vendor} ${device.adapterInfo.architecture}`,
    failure: () => failure,
    dispose() {
      device.removeEventListener('uncapturederror', onError);
      // After a loss another one may have taken its place.
      if (findBackend('webgpu') === backend) removeBackend('webgpu');
      if (given === undefined) device.destroy();
    },
  };
}

async function requestDevice(allowSoftwareAdapter: boolean): Promise<GPUDevice> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === undefined) throw new PannierError('backend-unavailable', 'There is no WebGPU here (navigator.gpu is missing).');
  if (adapter === null) throw new PannierError('backend-unavailable', 'WebGPU is there, but no adapter is (requestAdapter gave null).');
  if (!allowSoftwareAdapter && isSoftware(adapter.info)) {
    throw new PannierError(
      'backend-unavailable',
      `The only WebGPU adapter is software (${adapter.info.vendor} ${adapter.info.architecture}), slower than wasm. Ask for backend: 'webgpu' by name to use it.`,
    );
  }
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  return adapter.requestDevice({ requiredLimits });
}

/** SwiftShader, llvmpipe and Microsoft's renderer run shaders on the processor. */
function isSoftware({ isFallbackAdapter, vendor, architecture, device, description }: GPUAdapterInfo): boolean {
  return isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${vendor} ${architecture} ${device} ${description}`);
}
