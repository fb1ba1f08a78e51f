/** The webgpu backend: TF.js's WGSL kernels on a GPUDevice of ours, or of the app. */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type DataId, env, findBackend, findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { requestAdapter } from '../adapter.js';
import type { EngineStart, StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import { Failing } from './failing.js';
import { mendWebgpuKernels } from './mended-kernels.js';
import { converted, mendedProgram } from './mended-programs.js';
import { enqueue, oncePerThread } from './realm.js';
import type { StartedBackend } from './started-backend.js';

/** Limits that are requested as high as the adapter has them: the defaults refuse buffers that an ordinary model needs. */
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
  // A failed shader would otherwise be a line in the console and an output of zeros.
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
  await enqueue(() => {
    // Registered is the package's own backend, or one of ours whose device was lost.
    if (findBackendFactory('webgpu') !== null) removeBackend('webgpu');
    mendWebgpuKernels(converted);
    registerBackend('webgpu', () => backend, 0);
    return setBackend('webgpu');
  });
  const confirm = async () => {
    if (await computes(device)) return;
    // The read ends a little before the device tells that it is lost, and why.
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, MAX_REASON_MS))]);
    failing.fail({ code: 'device-lost', reason: `the GPU device computes no more${backend.readBack}` });
  };
  return {
    maxBufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
    identity: `${vendor} ${architecture}`,
    failure: failing.failure,
    whenFailed: failing.whenFailed,
    compile: (run) => backend.compile(run),
    confirm,
    // Any error may come from a lost device, whose reads return zeros that TF.js trips over.
    examine: confirm,
    dispose() {
      // After a loss, another backend may be registered under the name.
      if (findBackend('webgpu') === backend) removeBackend('webgpu');
      if (given === undefined) device.destroy();
    },
  };
}

/** Longest that a device which computes no more may take to tell why. */
const MAX_REASON_MS = 500;

/** A value to write into a buffer. A new buffer holds zeros, and so does every read from a lost device. */
const WRITTEN = Uint32Array.of(0x600d_da7a);

/**
 * Whether the device has done everything that was enqueued so far, tested by a value that is written last and read back.
 * The promises of the device do not tell: `lost` may settle after a read, and a read from a lost device gives zeros
 * without an error.
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

/** The largest tensor whose values are also kept on the processor. A bound, an axis, a shape or a padding has far fewer values. */
const MAX_KEPT_VALUES = 64;

/**
 * TF.js (4.22) drops values as soon as they are on the GPU. A constant may be an operand of one node and a bound, axis or
 * shape of the next, which TF.js then reads back in the middle of the run. That is slow on any GPU, and ends the GPU
 * process of a Chromium without a display, since TF.js reads back through a canvas. Small tensors keep their values here.
 */
class RememberingBackend extends WebGPUBackend {
  /** A sentence that ends the reason of a loss; empty unless a value was read back. */
  readBack = '';
  #isCompiling = false;

  /**
   * Compiles all pipelines of a run in parallel. TF.js compiles them one after another during the run, which blocks the
   * thread of the GPU process that also draws the page: frames of an animation came seconds late.
   */
  async compile(run: () => void): Promise<void> {
    this.#isCompiling = true;
    env().set(COMPILE_ONLY, true);
    try {
      run();
    } catch {
      // The run needed a value. Pipelines after that point are compiled when the real run comes to them.
    } finally {
      env().set(COMPILE_ONLY, false);
      this.#isCompiling = false;
    }
    const { pipelineCache } = this as unknown as { pipelineCache: Record<string, GPUComputePipeline | Promise<GPUComputePipeline>> };
    const compiling = Object.entries(pipelineCache).map(async ([key, pipeline]) => {
      try {
        pipelineCache[key] = await pipeline;
      } catch {
        // The real run compiles it again, and the error reaches the listener for uncaptured errors.
        delete pipelineCache[key];
      }
    });
    await Promise.all(compiling);
  }

  override uploadToGPU(dataId: DataId): void {
    const data = this.tensorMap.get(dataId);
    const { values } = data;
    super.uploadToGPU(dataId);
    if (values && values.length <= MAX_KEPT_VALUES) data.values = values;
  }

  override runWebGPUProgram(...[program, inputs, dtype, uniforms, output]: Parameters<WebGPUBackend['runWebGPUProgram']>) {
    // A tensor's dtype may differ from that of the buffer that it shares with another one.
    const buffers = inputs.map(({ dataId, shape }) => ({ dtype: this.tensorMap.get(dataId).dtype, shape }));
    const made = super.runWebGPUProgram(mendedProgram(program, buffers, dtype), inputs, dtype, uniforms, output);
    // A program that is given its output writes over what was uploaded.
    const data = this.tensorMap.get(made.dataId);
    if (output !== undefined && data.resource != null) Object.assign(data, { values: null });
    return made;
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
 * TF.js on a device of the app. Error scopes are opened and closed around each call of TF.js, synchronously, so that errors of the app's
 * own calls on the device are never taken for TF.js's.
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
    // The read enqueues everything before it waits.
    const [values] = await Promise.all([super.getBufferData(buffer), this.#closeScopes()]);
    return values;
  }

  #openScopes(): void {
    for (const each of SCOPES) this.device.pushErrorScope(each);
  }

  async #closeScopes(): Promise<void> {
    const closing = SCOPES.map(() => this.device.popErrorScope());
    // The scopes of a lost device reject; its loss is reported elsewhere.
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
