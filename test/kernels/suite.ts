/** Runs cases on one backend of TF.js, each judged by the reference; after a failure the backend is started anew. */
import { env } from '@tensorflow/tfjs-core';
import type { BackendName } from '../../src/base/backend-name.js';
import type { Engine, EngineStart, StartEngine } from '../../src/engines/engine.js';
import type { KernelCase } from './case.js';
import { type GuardedHeap, guardHeap } from './guarded-heap.js';
import { judge, type Verdict } from './run.js';
import { WAYS } from './ways.js';

export interface Suite {
  /** Never rejects. */
  verdictOf(each: KernelCase): Promise<Verdict>;
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
  const once = async (each: KernelCase, flags: Readonly<Record<string, boolean>>): Promise<Verdict> => {
    for (const [flag, value] of Object.entries(flags)) env().set(flag, value);
    const verdict = await judge(each, engine);
    return verdict.kind === 'right' && heap?.isBroken() ? ({ kind: 'failed', message: 'writes beyond its memory' } as const) : verdict;
  };
  const again = async (): Promise<void> => {
    engine.dispose();
    await open();
  };
  return {
    async verdictOf(each) {
      for (const flags of WAYS[backend]) {
        const verdict = await once(each, flags);
        if (verdict.kind === 'refused') return verdict;
        if (verdict.kind === 'right') continue;
        // A case before may have spoiled the heap or the device: the fault is this case's own if it comes again.
        await again();
        const second = await once(each, flags);
        await again();
        const way = flags['WEBGPU_CPU_FORWARD'] === true ? ' (partly on the processor)' : '';
        if (second.kind === 'right') return { kind: 'failed', message: `only after other cases: ${verdict.message}${way}` };
        return { kind: second.kind, message: `${second.message}${way}` };
      }
      return { kind: 'right', message: '' };
    },
    dispose: () => engine.dispose(),
  };
}
