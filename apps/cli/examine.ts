/** Facts about a packed model that are known without running it. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../../src/api/candidate.js';
import { BACKENDS, type BackendName } from '../../src/base/backend-name.js';
import { graphOf, visitorAssets } from '../../src/engines/own-graph.js';
import { refusalOf, rowOf, targetsOn } from '../../src/engines/registry.js';
import { type Asset, assetsOf } from '../../src/manifest/assets.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { type CompiledFacts, compiledFacts } from './compiled-facts.js';
import { DIST } from './visit.js';

/** Facts about a model on one backend, without running it. */
export interface BackendFacts {
  /** Whether the backend has every kernel that the graph calls. */
  readonly supported: boolean;
  /** Why the model does not run on this backend; null if it does. */
  readonly reason: string | null;
  /** Uncompressed bytes that a visitor keeps to predict without a network: the model's files, the worker and its binary. */
  readonly offlineBytes: number;
}

/** Facts about a packed model. */
export interface ModelFacts extends Pick<Manifest, 'name' | 'version' | 'signature' | 'ops' | 'flops' | 'controlFlow' | 'quantized'> {
  /** Bytes of all files that a page downloads to run the model, without the engine's. */
  readonly bytes: number;
  /**
   * Bytes of the weights as a backend holds them, and the largest sum of other values that one predict of the golden
   * sample's shape has alive. A backend may need more for itself, such as weights in another order.
   */
  readonly memory: { readonly weightsBytes: number; readonly intermediateBytes: number };
  readonly compiled: CompiledFacts;
  readonly backends: Readonly<Record<BackendName, BackendFacts>>;
}

/** Gathers the facts, of which the sizes are those of files on the disk. */
export async function examine(manifest: Manifest, folder: string): Promise<ModelFacts> {
  const { name, version, signature, ops, flops, controlFlow, quantized, residentBytes, intermediateBytes } = manifest;
  const compiled = await compiledFacts(manifest, folder);
  const scriptBytes = await sizeOf(join(folder, 'model.js'));
  const facts = async (target: Target): Promise<[BackendName, BackendFacts]> => {
    const graph = graphOf(target.engine, manifest);
    const assets = assetsOf(manifest, graph === undefined ? [] : [graph]);
    const { worker, binary, hostParts } = rowOf(target);
    const reason = refusalOf(target, manifest) ?? null;
    const own = [worker, binary, compiled.hostOps.length > 0 ? hostParts : undefined].filter((file) => file !== undefined);
    const ownBytes = await Promise.all(own.map(({ name }) => sizeOf(join(DIST, name))));
    const offlineBytes = ownBytes.reduce((sum, own) => sum + own, scriptBytes + sizeOfAll(assets));
    return [target.backend, { supported: reason === null, reason, offlineBytes }];
  };
  return {
    ...{ name, version, signature, ops, flops, controlFlow, ...(quantized && { quantized }) },
    bytes: scriptBytes + sizeOfAll(visitorAssets(manifest)),
    memory: { weightsBytes: residentBytes, intermediateBytes },
    compiled,
    backends: Object.fromEntries(await Promise.all(targetsOn(BACKENDS, manifest).map(facts))) as Record<BackendName, BackendFacts>,
  };
}

const sizeOfAll = (assets: readonly Asset[]): number => assets.reduce((sum, { bytes }) => sum + bytes, 0);

const sizeOf = async (file: string): Promise<number> => (await stat(file)).size;
