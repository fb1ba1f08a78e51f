/** Model files: TF.js's model.json, as a graph or as layers, and the weights beside it. */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { decodeWeights } from '../../../src/engines/tfjs/decode.js';
import { pack } from '../../../src/pack/index.js';
import { resolveInputs } from '../../../src/pack/inputs/inputs.js';
import { readModel } from '../../../src/pack/model/read.js';
import { readSignature } from '../../../src/pack/model/signature.js';
import { weightsOf } from '../../../src/pack/model/weights.js';
import {
  addModel,
  embeddingModel,
  loopModel,
  type RawModel,
  tabularModel,
  tokensModel,
  twoInputModel,
  writeModel,
} from '../../fixtures/models.js';
import { folderOf } from '../folder.js';
import { changed, jsonPoison, stained } from '../mutation.js';
import { type Outcome, refusable, surface } from '../surface.js';

const folder = folderOf('models');

/** Of the weights, the smallest with a few kinds of quantisation. */
function quantized(kind: 'float16' | 'uint8' | 'uint16'): RawModel {
  const model = addModel();
  const [weight] = model.json.weightsManifest[0]!.weights as [Record<string, unknown>];
  weight['quantization'] =
    kind === 'float16' ? { dtype: kind, original_dtype: 'float32' } : { dtype: kind, min: -1, scale: 0.01, original_dtype: 'float32' };
  model.files['w.bin'] = new Uint8Array(kind === 'uint8' ? 4 : 8).fill(7);
  return model;
}

const GRAPHS = [
  addModel(),
  twoInputModel(),
  tabularModel(),
  embeddingModel(),
  tokensModel(),
  quantized('uint8'),
  quantized('uint16'),
  quantized('float16'),
];

/** Reads a model as far as the packer does before it runs anything. */
async function read(path: string): Promise<Outcome> {
  return refusable(async () => {
    const { graph, ends, hints } = await readModel(path);
    resolveInputs(readSignature(ends, {}, hints).inputs, () => undefined);
    const weights = weightsOf(graph);
    for (const { values } of decodeWeights(weights, [joined(weights.map(({ bytes }) => bytes))])) void values.length;
  });
}

const joined = (parts: readonly Uint8Array[]): ArrayBuffer => new Uint8Array(Buffer.concat(parts)).buffer;

/** Packs a model, runs of its graph and all. */
const packs = (path: string, out = join(folder, 'out')): Promise<Outcome> =>
  refusable(() => pack({ model: path, out })).finally(() => rmSync(out, { recursive: true, force: true }));

/** A model's files with one stained. */
interface Stained {
  readonly of: RawModel;
  readonly file: 'model.json' | 'w.bin';
  readonly bytes: Uint8Array;
}

const bytesOf = (model: RawModel, file: Stained['file']): Uint8Array =>
  file === 'w.bin' ? (model.files['w.bin'] as Uint8Array) : new TextEncoder().encode(JSON.stringify(model.json));

const stainedFiles = (models: readonly RawModel[]): fc.Arbitrary<Stained> =>
  fc
    .constantFrom('model.json' as const, 'model.json' as const, 'w.bin' as const)
    .chain((file) => stained(fc.constantFrom(...models), (model) => bytesOf(model, file)).map(({ of, bytes }) => ({ of, file, bytes })));

function writeStained({ of, file, bytes }: Stained, place: string): string {
  const path = writeModel(of, place);
  writeFileSync(join(dirname(path), file), bytes);
  return path;
}

/** The model with its JSON changed. */
const changedJson = (models: readonly RawModel[]): fc.Arbitrary<{ of: RawModel; json: unknown }> =>
  fc.constantFrom(...models).chain((of) => changed(fc.constant(of.json), jsonPoison).map((json) => ({ of, json })));

function writeChanged({ of, json }: { of: RawModel; json: unknown }, place: string): string {
  const path = writeModel(of, place);
  writeFileSync(path, JSON.stringify(json) ?? '');
  return path;
}

export const graphJson = surface({
  name: 'graph-json',
  share: 100,
  inputs: changedJson([...GRAPHS, loopModel()]),
  feed: (input) => read(writeChanged(input, join(folder, 'graph'))),
});

export const graphBytes = surface({
  name: 'graph-bytes',
  share: 60,
  inputs: stainedFiles([...GRAPHS, loopModel()]),
  feed: (input) => read(writeStained(input, join(folder, 'stained'))),
});

// Without a loop: what a file makes endless, the packer ends after five minutes, and a test has no such time.
export const packing = surface({
  name: 'packing',
  share: 30,
  inputs: fc.oneof(
    changedJson(GRAPHS).map((input) => (place: string) => writeChanged(input, place)),
    stainedFiles(GRAPHS).map((input) => (place: string) => writeStained(input, place)),
  ),
  feed: (write) => packs(write(join(folder, 'packing'))),
});
