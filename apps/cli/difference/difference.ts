/** Everything that changes from one packed model to another. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BACKENDS, type BackendName } from '../../../src/base/backend-name.js';
import { refusalOf, targetsOn } from '../../../src/engines/registry.js';
import { allAssetsOf } from '../../../src/manifest/assets.js';
import type { Manifest } from '../../../src/manifest/manifest.js';
import { sha256 } from '../../../src/pack/digest.js';
import type { Surroundings } from '../interrupted.js';
import { readAsset, readPacked } from '../packed-files.js';
import { type ComparedAnswers, type NoAnswers, runBoth } from './answers.js';
import { bytesOf, type Downloads, downloadsAgain, type PackedModel } from './downloads.js';
import { misfit, sampleInputs } from './samples.js';
import { type SignatureChange, signatureChanges } from './signature.js';

/** The costs of one of the two models. */
export interface Costs extends Pick<Manifest, 'name' | 'version' | 'flops' | 'quantized'> {
  /** Bytes of all files that a page downloads, without the engine's. */
  readonly bytes: number;
  /** Bytes of the weights as a backend holds them, and the most that other values of one predict take beside them. */
  readonly memory: { readonly weightsBytes: number; readonly intermediateBytes: number };
  /** Backends that can run the model. */
  readonly backends: readonly BackendName[];
}

/** The difference between two packed models. */
export interface Difference {
  readonly old: Costs;
  readonly new: Costs;
  readonly downloads: Downloads;
  readonly signature: readonly SignatureChange[];
  readonly answers: ComparedAnswers | NoAnswers;
}

/**
 * Compares two packed folders, and runs both models on the same inputs if their signatures allow it.
 * @param pictures paths of pictures to run besides the golden samples
 * @throws {PannierError} `manifest` or `integrity` if a folder is broken, `options` for a picture
 */
export async function differenceOf(
  folders: { readonly old: string; readonly new: string },
  pictures: readonly string[],
  surroundings: Surroundings,
): Promise<Difference> {
  const [old, now] = [await readWhole(folders.old), await readWhole(folders.new)];
  const { outputs } = now.manifest.signature;
  const reason = Object.keys(old.manifest.signature.outputs).some((name) => Object.hasOwn(outputs, name))
    ? misfit(old.manifest, now.manifest)
    : 'the models have no output in common';
  const answers = async () => {
    const golden = await readAsset(folders.old, old.manifest.golden.asset);
    const inputs = await sampleInputs(old.manifest, now.manifest, golden.buffer, pictures);
    return runBoth(old.manifest, now.manifest, inputs, surroundings);
  };
  return {
    old: costsOf(old),
    new: costsOf(now),
    downloads: downloadsAgain(old, now),
    signature: signatureChanges(old.manifest.signature, now.manifest.signature),
    answers: reason === undefined ? await answers() : { reason },
  };
}

/** Reads a packed folder and checks all of its files, since an engine would blame the network for one that is missing. */
async function readWhole(folder: string): Promise<PackedModel> {
  const manifest = await readPacked(folder);
  for (const asset of allAssetsOf(manifest)) await readAsset(folder, asset);
  const script = await readFile(join(folder, 'model.js'));
  return { manifest, script: { bytes: script.length, sha256: sha256(script) } };
}

function costsOf(model: PackedModel): Costs {
  const { manifest } = model;
  const { name, version, flops, quantized, residentBytes, intermediateBytes } = manifest;
  return {
    ...{ name, version, bytes: bytesOf(model), flops },
    memory: { weightsBytes: residentBytes, intermediateBytes },
    backends: targetsOn(BACKENDS, manifest).flatMap((target) => (refusalOf(target, manifest) === undefined ? [target.backend] : [])),
    ...(quantized && { quantized }),
  };
}
