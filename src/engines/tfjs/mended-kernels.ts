/** Kernels of TF.js (4.22) that answer wrong where no other op of TF.js stands in for them: right ones take their place. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import {
  backend_util,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { sizeOf, WIDE_DTYPES, type WideDType } from '../../base/dtype.js';
import { broadcastStrides, eachRow, stridesOf } from '../../base/strided.js';

/** Puts another function in a kernel's place, once. Tests find the one that it had. */
function mend(backendName: string, kernelName: string, mended: (original: KernelFunc) => KernelFunc): void {
  const config = getKernel(kernelName, backendName) as KernelConfig & { readonly original?: KernelConfig };
  if (config.original !== undefined) return;
  unregisterKernel(kernelName, backendName);
  registerKernel({ ...config, kernelFunc: mended(config.kernelFunc), original: config } as KernelConfig);
}

/**
 * On cpu and webgpu, Cast to a wider type keeps the array or buffer of the narrower one. An output would be an array of another class
 * than its element type's, and whole numbers beyond 2^24 would not become float32.
 */
function mendCast<Backend>(backendName: string, widened: (backend: Backend, x: TensorInfo, dtype: WideDType) => TensorInfo): void {
  mend(backendName, 'Cast', (cast) => (given) => {
    const x = given.inputs['x'] as TensorInfo;
    const dtype = given.attrs?.['dtype'] as string;
    const isWider = (x.dtype === 'bool' && dtype !== 'bool') || (x.dtype === 'int32' && dtype === 'float32');
    return isWider && Object.hasOwn(WIDE_DTYPES, dtype) ? widened(given.backend as Backend, x, dtype as WideDType) : cast(given);
  });
}

/** Select takes the shape of one operand, which is not empty where a single number is chosen for the elements of an empty tensor. */
function mendSelect(backendName: string): void {
  mend(backendName, 'Select', (select) => (given) => {
    const operands = ['condition', 't', 'e'].map((name) => given.inputs[name] as TensorInfo);
    const shapes = operands.map(({ shape }) => shape);
    if (shapes.every((each) => sizeOf(each) > 0)) return select(given);
    const { dtype } = operands[1] as TensorInfo;
    const shape = (shapes[0] as number[]).map((_, axis) => Math.min(...shapes.map((each) => each[axis] as number)));
    const dataId = (given.backend as KernelBackend).write(new WIDE_DTYPES[dtype as WideDType](0), shape, dtype);
    return { dataId, shape, dtype };
  });
}

const widenedOnProcessor = (backend: Pick<MathBackendCPU, 'makeTensorInfo' | 'readSync'>, x: TensorInfo, dtype: WideDType): TensorInfo =>
  backend.makeTensorInfo([...x.shape], dtype, WIDE_DTYPES[dtype].from(backend.readSync(x.dataId) as Int32Array));

export function mendCpuKernels(): void {
  mendCast('cpu', widenedOnProcessor);
  mendSelect('cpu');
}

/** @param converted writes the elements of a tensor on the GPU as another dtype */
export function mendWebgpuKernels(converted: (backend: WebGPUBackend, x: TensorInfo, dtype: WideDType) => TensorInfo): void {
  mendCast<WebGPUBackend>('webgpu', (backend, x, dtype) => {
    const { values, resource } = backend.tensorMap.get(x.dataId);
    const isOnProcessor = backend.shouldExecuteOnCPU([x]) || (values != null && resource != null);
    return (isOnProcessor ? widenedOnProcessor : converted)(backend, x, dtype);
  });
  mendSelect('webgpu');
}

/** On wasm, FloorDiv divides whole numbers as float32, which is wrong beyond 2^24. */
function mendFloorDiv(): void {
  mend('wasm', 'FloorDiv', (floorDiv) => (given) => {
    const [a, b] = [given.inputs['a'], given.inputs['b']] as [TensorInfo, TensorInfo];
    if (a.dtype !== 'int32') return floorDiv(given);
    const backend = given.backend as BackendWasm;
    const [left, right] = [a, b].map(({ dataId }) => backend.readSync(dataId)) as [Int32Array, Int32Array];
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const quotients = new Int32Array(sizeOf(shape));
    eachRow(shape, [stridesOf(shape), broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (starts, length, steps) => {
      const [start, startA, startB] = starts as [number, number, number];
      const [, stepA, stepB] = steps as [number, number, number];
      for (let index = 0; index < length; index++)
        quotients[start + index] = Math.floor((left[startA + index * stepA] as number) / (right[startB + index * stepB] as number));
    });
    return backend.makeOutput(shape, 'int32', undefined, quotients);
  });
}

/** On wasm, Cast to bool keeps the lowest 8 bits. Our writer compares with 0 instead, but a part that only TF.js knows holds casts, too. */
function mendCastToBool(): void {
  mend('wasm', 'Cast', (cast) => (given) => {
    const x = given.inputs['x'] as TensorInfo;
    if (given.attrs?.['dtype'] !== 'bool' || x.dtype === 'bool') return cast(given);
    const backend = given.backend as BackendWasm;
    const values = backend.readSync(x.dataId) as Float32Array | Int32Array;
    return backend.makeOutput(
      x.shape,
      'bool',
      undefined,
      Uint8Array.from(values, (value) => Number(value !== 0)),
    );
  });
}

export function mendWasmKernels(): void {
  mendCastToBool();
  mendFloorDiv();
  mendSelect('wasm');
}
