/** `pannier export`: a packed model, or a model file, as a file that other programs open. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, PannierError } from '../../src/base/errors.js';
import type { Fields } from '../../src/base/fields.js';
import { type DecodedWeight, decodeWeights, storedBytes, type WeightSpec } from '../../src/engines/tfjs/decode.js';
import type { Manifest } from '../../src/manifest/manifest.js';
import { replaceFile } from '../../src/pack/files/replace.js';
import { badOption } from '../../src/pack/options.js';
import type { Command } from './command.js';
import { untilInterrupted } from './interrupted.js';
import { printOutcome } from './outcome.js';
import { MODEL_USAGE, packedModel } from './packed.js';
import { readAsset, readPacked } from './packed-files.js';
import { plain, showBytes } from './print.js';

const TEXT = { type: 'string' } as const;
const FLAGS = { to: TEXT, out: TEXT, config: TEXT } as const;

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';

/** How a model.json that this command wrote says so. Another one is not overwritten. */
const CONVERTED_BY = 'pannier export';

/** The `export` command. */
export const exportCommand: Command = {
  usage: `  pannier export MODEL --to tfjs --out DIR      writes a TF.js graph model, which tf.loadGraphModel opens: ${MODEL_FILE}, ${WEIGHTS_FILE}
    ${MODEL_USAGE} (--config FILE)`,
  run: (args) =>
    printOutcome(false, async () => {
      const { model, out, config } = readFlags(args);
      return untilInterrupted(async (surroundings) => {
        const { folder } = await packedModel(model, config, surroundings);
        const manifest = await readPacked(folder);
        const bytes = await writeGraphModel(manifest, folder, out);
        const place = join(relative(process.cwd(), out) || '.', MODEL_FILE);
        return `${plain(`${manifest.name} exported: ${place} and ${WEIGHTS_FILE}, ${showBytes(bytes)}`)}\n`;
      });
    }),
};

/**
 * Reads the command line of `pannier export`.
 * @throws {PannierError} `options` if an argument is missing, unknown or not what its flag takes
 */
export function readFlags(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { to, out, config } = values;
  const [model, ...more] = positionals;
  if (model === undefined) throw badOption(`Say what to export: pannier export MODEL --to tfjs --out DIR. ${MODEL_USAGE}.`);
  if (more.length > 0) throw badOption(`pannier export takes one MODEL, but got also ${more.join(', ')}.`);
  if (to !== 'tfjs') throw badOption(to === undefined ? 'Say what to write: --to tfjs.' : `--to is ${JSON.stringify(to)}; tfjs is wanted.`);
  if (out === undefined) throw badOption('Say where to: pannier export MODEL --to tfjs --out DIR.');
  return { model, out, config };
}

/**
 * Writes the graph of a packed model with all its weights in one file. The weights keep the form in which they are packed, since TF.js
 * reads float16 and uint8, too; but int8, which it does not read, becomes float32.
 * @returns bytes of both files
 * @throws {PannierError} `options` if the folder cannot be written or holds another model, `integrity` if a file of the packed
 * model is not as it was packed
 */
async function writeGraphModel(manifest: Manifest, folder: string, out: string): Promise<number> {
  const text = new TextDecoder().decode(await readAsset(folder, manifest.targets.tfjs.graph));
  const { nodes: _nodes, ...graph } = JSON.parse(text) as PackedGraph;
  const weights = await readWeights(manifest, folder, graph.weightsManifest[0].weights);
  const specs = weights.map(({ spec }) => spec);
  const model = { ...graph, convertedBy: CONVERTED_BY, weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }] };
  const json = new TextEncoder().encode(`${JSON.stringify(model)}\n`);
  try {
    await mkdir(out, { recursive: true });
    await refuseOther(out);
    await replaceFile(join(out, WEIGHTS_FILE), async (append) => {
      for (const { bytes } of weights) await append(bytes);
    });
    await replaceFile(join(out, MODEL_FILE), (append) => append(json));
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    throw new PannierError('options', `${out} cannot be written: ${messageOf(thrown)}.`, { file: out }, { cause: thrown });
  }
  return weights.reduce((sum, { bytes }) => sum + bytes.length, json.length);
}

/** The tfjs engine's file, as far as this command reads it. */
interface PackedGraph extends Fields {
  readonly weightsManifest: readonly [{ readonly weights: readonly WeightSpec[] }];
}

/** A weight in a form that TF.js reads. */
interface ExportedWeight {
  readonly spec: WeightSpec;
  readonly bytes: Uint8Array;
}

async function readWeights(manifest: Manifest, folder: string, specs: readonly WeightSpec[]): Promise<readonly ExportedWeight[]> {
  const shards: Uint8Array[] = [];
  for (const shard of manifest.weights) shards.push(await readAsset(folder, shard));
  const stored = Buffer.concat(shards);
  let end = 0;
  return specs.map((spec) => {
    const bytes = stored.subarray(end, end + storedBytes(spec));
    end += bytes.length;
    return spec.quantization?.dtype === 'int8' ? asFloat32(spec, bytes) : { spec, bytes };
  });
}

function asFloat32(stored: WeightSpec, bytes: Uint8Array): ExportedWeight {
  const [decoded] = decodeWeights([stored], [new Uint8Array(bytes).buffer]);
  const { quantization: _, ...spec } = stored;
  return { spec, bytes: new Uint8Array((decoded as DecodedWeight).values.buffer) };
}

/** Refuses a folder with a model that this command did not write: most often the one that was packed. */
async function refuseOther(out: string): Promise<void> {
  const there = await readFile(join(out, MODEL_FILE), 'utf8').catch(() => undefined);
  if (there === undefined || there.includes(`"convertedBy":"${CONVERTED_BY}"`)) return;
  throw badOption(`${out} holds a ${MODEL_FILE} that pannier export did not write. Choose another folder for --out, or remove it.`);
}
