/** Facts about a model's module: its size, or why there is none. */
import { type CompiledPlan, hostOps, readPlan } from '../../src/engines/compiled/plan.js';
import type { Asset } from '../../src/manifest/assets.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { readAsset } from './packed-files.js';
import { readPackedGraph } from './packed-graph.js';

export interface CompiledFacts {
  /** Whether one module computes the model. TF.js is not downloaded for wasm then. */
  readonly whole: boolean;
  /** Why there is no module; null if there is one. */
  readonly reason: string | null;
  /** Operations of the model file that TF.js alone computes, so that there is no module; sorted. */
  readonly unsupportedOps: readonly string[];
  /** Operations that JavaScript computes, between two parts of the module or after it; sorted. */
  readonly hostOps: readonly string[];
  /** Bytes of the build that is larger; null if there is no module. */
  readonly moduleBytes: number | null;
  /** Bytes of memory in which all values between inputs and outputs lie, one after the other; null if there is no module. */
  readonly arenaBytes: number | null;
}

/** Reads the facts from the manifest and the module. @param folder the packed folder */
export async function compiledFacts(manifest: Manifest, folder: string): Promise<CompiledFacts> {
  const { simd, relaxed, refused } = manifest.targets.compiled ?? { refused: { wasm: 'it was packed by a version that did not compile' } };
  if (simd === undefined) {
    const { nodes } = await readPackedGraph(folder, manifest);
    const unsupportedOps = [...new Set(nodes.filter(({ op }) => op === 'tfjsGraph').map(({ origin }) => origin.op))].sort();
    return { whole: false, reason: refused.wasm ?? null, unsupportedOps, hostOps: [], moduleBytes: null, arenaBytes: null };
  }
  const plan = await planIn(folder, simd);
  const moduleBytes = Math.max(simd.bytes, relaxed?.bytes ?? 0);
  return { whole: true, reason: null, unsupportedOps: [], hostOps: hostOps(plan), moduleBytes, arenaBytes: plan.arenaBytes };
}

const planIn = async (folder: string, module: Asset): Promise<CompiledPlan> =>
  readPlan(await WebAssembly.compile(await readAsset(folder, module))) as CompiledPlan;
