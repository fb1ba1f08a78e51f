/** Runs cases on one backend of TF.js, each judged by the reference; after a failure the backend is started anew. */
import {
  findBackend,
  getKernelsForBackend,
  type KernelConfig,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Engine, EngineStart, StartEngine } from '../../src/engines/engine.js';
import { isOpen } from '../../src/graph/size.js';
import type { KernelCase } from './case.js';
import { type GuardedHeap, guardHeap } from './guarded-heap.js';
import type { KnownFault } from './known-fault.js';
import { judge, judgeFault, type Verdict } from './run.js';
import { MAX_SIZES, WAYS } from './ways.js';

/** Says from how many elements on webgpu computes on the GPU. */
function computeOnGpuFrom(elements: number): void {
  const webgpu = findBackend('webgpu') as unknown as { shouldExecuteOnCPU(inputs: readonly TensorInfo[], below?: number): boolean };
  const { shouldExecuteOnCPU } = Object.getPrototypeOf(webgpu) as typeof webgpu;
  webgpu.shouldExecuteOnCPU = (inputs) => shouldExecuteOnCPU.call(webgpu, inputs, elements);
}

const hasOpenSize = ({ graph }: KernelCase): boolean => graph.inputs.some(({ type }) => type?.shape.some(isOpen));

/** Runs something with TF.js's own kernels and programs, without those that take their places. */
async function withOriginals(backend: BackendName, run: () => Promise<Verdict>): Promise<Verdict> {
  const mended = (getKernelsForBackend(backend) as (KernelConfig & { readonly original?: KernelConfig })[]).filter(
    ({ original }) => original,
  );
  const put = (config: KernelConfig): void => {
    unregisterKernel(config.kernelName, backend);
    registerKernel(config);
  };
  for (const { original } of mended) put(original as KernelConfig);
  const instance = findBackend(backend) as object;
  if (backend === 'webgpu') Object.assign(instance, { runWebGPUProgram: (lastPrototypeOf(instance) as WithPrograms).runWebGPUProgram });
  try {
    return await run();
  } finally {
    for (const config of mended) put(config);
    delete (instance as Partial<WithPrograms>).runWebGPUProgram;
  }
}

interface WithPrograms {
  runWebGPUProgram: () => unknown;
}

/** The class that TF.js itself has for its webgpu backend: the last one with this method. */
function lastPrototypeOf(instance: object): object {
  const parent = Object.getPrototypeOf(instance) as object;
  return 'runWebGPUProgram' in Object.getPrototypeOf(parent) ? lastPrototypeOf(parent) : parent;
}

export interface Suite {
  /** Never rejects. */
  verdictOf(each: KernelCase | KnownFault): Promise<Verdict>;
  dispose(): void;
}

export async function openSuite(backend: BackendName, start: StartEngine, options: () => EngineStart): Promise<Suite> {
  let engine: Engine;
  let heap: GuardedHeap | undefined;
  const open = async (): Promise<void> => {
    engine = await start(options());
    heap = backend === 'wasm' ? guardHeap() : undefined;
  };
  await open();
  const once = async (each: KernelCase | KnownFault, onGpuFrom: number): Promise<Verdict> => {
    const isFault = 'fault' in each;
    if (backend === 'webgpu') computeOnGpuFrom(!isFault && hasOpenSize(each) ? Math.max(onGpuFrom, MAX_SIZES) : onGpuFrom);
    const verdict = await (isFault ? withOriginals(backend, () => judgeFault(each, engine)) : judge(each, engine));
    return verdict.kind === 'right' && heap?.isBroken() ? ({ kind: 'failed', message: 'writes beyond its memory' } as const) : verdict;
  };
  const again = async (): Promise<void> => {
    engine.dispose();
    await open();
  };
  return {
    async verdictOf(each) {
      for (const onGpuFrom of WAYS[backend]) {
        const verdict = await once(each, onGpuFrom);
        if (verdict.kind === 'refused') return verdict;
        if (verdict.kind === 'right') continue;
        // A case before may have spoiled the heap or the device: the fault is this case's own if it comes again.
        await again();
        const second = await once(each, onGpuFrom);
        await again();
        const way = onGpuFrom > 0 ? ' (partly on the processor)' : '';
        if (second.kind === 'right') return { kind: 'failed', message: `only after other cases: ${verdict.message}${way}` };
        return { kind: second.kind, message: `${second.message}${way}` };
      }
      return { kind: 'right', message: '' };
    },
    dispose: () => engine.dispose(),
  };
}
