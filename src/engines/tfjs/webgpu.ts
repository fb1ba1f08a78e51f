/** The webgpu backend: TF.js's WGSL kernels on a GPUDevice that is ours, or the app's own. */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type DataId, env, findBackend, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { requestAdapter } from '../adapter.js';
import type { EngineStart, StartEngine } from '../engine.js';
import type { StartedBackend } from './backend.js';
import { createEngine } from './engine.js';
import { Failing } from './failing.js';
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

const startBackend = oncePerThread(startWebgpu);

export const start: StartEngine = async (options) => createEngine('webgpu', await startBackend(options));

async function startWebgpu({ device: given }: EngineStart): Promise<StartedBackend> {
  const device = given ?? (await requestDevice());
  const failing = new Failing();
  // Without somebody who looks, a failed shader is a line in the console and an output of zeros.
  const onError = (error: GPUError) => {
    failing.fail({ code: error instanceof GPUOutOfMemoryError ? 'out-of-memory' : 'device-lost', reason: error.message });
  };
  const lost = device.lost.then(({ reason, message }) => {
    failing.fail({ code: 'device-lost', reason: `the GPU device was lost (${reason || 'unknown'}) ${message}${backend.readBack}` });
  });
  // Older browsers have no adapterInfo.
  const info: Partial<GPUAdapterInfo> = device.adapterInfo ?? {};
  const { vendor = '', architecture = '' } = info;
  const known = { vendor, architecture } as GPUAdapterInfo;
  const backend = given === undefined ? new RememberingBackend(device, known) : new GuestBackend(device, known, onError);
  if (given === undefined) device.addEventListener('uncapturederror', ({ error }) => onError(error));
  await takeTurn(() => {
    // The package's own registration, or ours whose device was lost.
    if (findBackendFactory('webgpu') !== null) removeBackend('webgpu');
    registerBackend('webgpu', () => backend, 0);
    return setBackend('webgpu');
  });
  const confirm = async () => {
    if (await computes(device)) return;
    // The reading ends a little before the device says that it is lost, and why.
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, REASON_LIMIT_MS))]);
    failing.fail({ code: 'device-lost', reason: `the GPU device computes no more${backend.readBack}` });
  };
  return {
    maxBufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
    identity: `${vendor} ${architecture}`,
    failure: failing.failure,
    whenFailed: failing.whenFailed,
    compile: (run) => backend.compile(run),
    confirm,
    // Whatever was thrown: TF.js may have tripped over zeros.
    examine: confirm,
    dispose() {
      // After a loss another one may have taken its place.
      if (findBackend('webgpu') === backend) removeBackend('webgpu');
      if (given === undefined) device.destroy();
    },
  };
}

/** How long a device that computes no more may take to say why. */
const REASON_LIMIT_MS = 500;

/** What a buffer holds that was written to; a new one, and one of a lost device, holds zeros. */
const WRITTEN = Uint32Array.of(0x600d_da7a);

/**
 * Whether the device is there and has done all that its queue was given so far: what is written last comes back. Its own
 * promises do not tell: `lost` may settle after a reading, and a reading in mid-run gives zeros without an error.
 */
async function computes(device: GPUDevice): Promise<boolean> {
  try {
    const buffer = device.createBuffer({ size: WRITTEN.byteLength, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    try {
      device.queue.writeBuffer(buffer, 0, WRITTEN);
      await buffer.mapAsync(GPUMapMode.READ);
      return new Uint32Array(buffer.getMappedRange())[0] === WRITTEN[0];
    } finally {
      buffer.destroy();
    }
  } catch {
    return false;
  }
}

/** Most values that are also kept on the processor: a bound, an axis, a shape or a padding has far fewer. */
const KEPT_VALUES = 64;

/**
 * TF.js forgets values as soon as they are on the GPU (4.22). A constant may be an operand of one node and
 * a bound, axis or shape to the next, which TF.js then reads back in the middle of the run: slow on any
 * GPU, and fatal to a Chromium without a display, whose GPU process dies of the canvas that this takes.
 */
class RememberingBackend extends WebGPUBackend {
  /** Ends the reason of a loss; empty as long as nothing was read so. */
  readBack = '';
  #isCompiling = false;

  /**
   * One after another, as TF.js compiles them in a run, pipelines hold up the thread of the GPU process that also
   * draws the page: the frames of an animation came seconds late.
   */
  async compile(run: () => void): Promise<void> {
    this.#isCompiling = true;
    env().set(COMPILE_ONLY, true);
    try {
      run();
    } catch {
      // It needed a value. What comes after that is compiled as the real run comes to it.
    } finally {
      env().set(COMPILE_ONLY, false);
      this.#isCompiling = false;
    }
    const { pipelineCache } = this as unknown as { pipelineCache: Record<string, GPUComputePipeline | Promise<GPUComputePipeline>> };
    const compiling = Object.entries(pipelineCache).map(async ([key, pipeline]) => {
      try {
        pipelineCache[key] = await pipeline;
      } catch {
        // The real run compiles it again, and what is wrong with it reaches whoever listens for errors.
        delete pipelineCache[key];
      }
    });
    await Promise.all(compiling);
  }

  override uploadToGPU(dataId: DataId): void {
    const data = this.tensorMap.get(dataId);
    const { values } = data;
    super.uploadToGPU(dataId);
    if (values && values.length <= KEPT_VALUES) data.values = values;
  }

  override readSync(dataId: DataId) {
    if (this.#isCompiling && this.tensorMap.get(dataId).values == null) throw new Error('Nothing was computed.');
    if (this.tensorMap.get(dataId).values == null) this.readBack = READ_BACK;
    return super.readSync(dataId);
  }
}

const COMPILE_ONLY = 'WEBGPU_ENGINE_COMPILE_ONLY';

const READ_BACK =
  ' It came after TF.js read a value back in the middle of a run, since the graph computes a bound, an axis or a shape: that takes a WebGPU canvas, which a browser without a display may not survive. Use another backend there.';

/**
 * TF.js on the app's own device. Each of its calls stands in error scopes of its own, between which
 * nothing of the app's can come: whatever else goes wrong on that device is the app's matter.
 */
class GuestBackend extends RememberingBackend {
  readonly #onError: (error: GPUError) => void;

  constructor(device: GPUDevice, info: GPUAdapterInfo, onError: (error: GPUError) => void) {
    super(device, info);
    this.#onError = onError;
  }

  override runWebGPUProgram(...given: Parameters<WebGPUBackend['runWebGPUProgram']>) {
    this.#openScopes();
    try {
      return super.runWebGPUProgram(...given);
    } finally {
      void this.#closeScopes();
    }
  }

  override async getBufferData(buffer: GPUBuffer) {
    this.#openScopes();
    // It asks for everything before it waits.
    const [values] = await Promise.all([super.getBufferData(buffer), this.#closeScopes()]);
    return values;
  }

  #openScopes(): void {
    for (const each of SCOPES) this.device.pushErrorScope(each);
  }

  async #closeScopes(): Promise<void> {
    const closing = SCOPES.map(() => this.device.popErrorScope());
    // Where the device is lost, that is the error.
    const errors = await Promise.all(closing).catch(() => []);
    for (const error of errors) if (error !== null) this.#onError(error);
  }
}

const SCOPES = ['validation', 'out-of-memory', 'internal'] as const satisfies readonly GPUErrorFilter[];

async function requestDevice(): Promise<GPUDevice> {
  const adapter = await requestAdapter();
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  return adapter.requestDevice({ requiredLimits });
}
