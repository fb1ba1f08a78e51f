/** Reads a TF.js model into a graph, with the files beside it that hold its weights. */

import { describe } from '../../base/describe.js';
import type { Fields } from '../../base/fields.js';
import { storedBytes } from '../../engines/tfjs/decode.js';
import { detect, HEAD_BYTES } from '../../formats/detect.js';
import { arrayAt, broken, objectAt } from '../../formats/file-fields.js';
import { parseJson } from '../../formats/json.js';
import { lowerLayers } from '../../formats/keras/lower.js';
import { isLayersTopology } from '../../formats/keras/topology.js';
import { LIMITS } from '../../formats/limits.js';
import { readEnds as readSignatureEnds } from '../../formats/tfjs/ends.js';
import { readGraph } from '../../formats/tfjs/graph-def.js';
import { readTfjs } from '../../formats/tfjs/read/read.js';
import { readWeightSpec, refuseNaN, type Weight } from '../../formats/tfjs/weights.js';
import { verify } from '../../graph/verify.js';
import type { FolderFile, ModelFolder } from '../files/model-folder.js';
import { relativePath } from '../files/relative-path.js';
import { otherFormat } from './other-formats.js';
import type { ReadModel } from './read-model.js';
import { METADATA_FILE, readMetadata } from './teachable-machine.js';

/**
 * Reads a model.json with its weight files. No file outside its folder is opened.
 * @param content of the model.json
 * @param folder the folder that it lies in
 * @param file its name, for messages
 * @throws {PannierError} `model-format`
 */
export async function readTfjsFile(content: Uint8Array, folder: ModelFolder, file: string): Promise<ReadModel> {
  const json = objectAt(parseJson(content, file), file);
  const { format } = json;
  if (format !== undefined && format !== 'graph-model' && format !== 'layers-model') {
    throw broken(
      `${file} is a ${describe(format)}; a TF.js graph-model or layers-model is wanted. Convert it with tensorflowjs_converter --output_format=tfjs_graph_model.`,
    );
  }
  if (json['modelTopology'] === undefined) {
    throw broken(
      `${file} has no modelTopology: it is no TF.js model. tensorflowjs_converter --output_format=tfjs_graph_model writes one, as tf.LayersModel.save does.`,
    );
  }
  const topology = objectAt(json['modelTopology'], `${file}'s modelTopology`);
  const weights: Weight[] = [];
  const names = new Set<string>();
  let budget: number = LIMITS.weightBytes;
  for (const [index, value] of arrayAt(json['weightsManifest'], `${file}'s weightsManifest`, LIMITS.weightFiles).entries()) {
    const group = await readGroup(value, `${file}'s weightsManifest[${index}]`, folder, budget);
    for (const weight of group) {
      if (names.has(weight.name)) throw broken(`Weight "${weight.name}" occurs twice in ${file}; names must be unique.`);
      names.add(weight.name);
      refuseNaN(weight);
      budget -= weight.bytes.length;
    }
    weights.push(...group);
    if (weights.length > LIMITS.tensors) throw broken(`${file} has ${weights.length} weights; the limit is ${LIMITS.tensors}.`);
  }
  const isGraphModel = format === 'graph-model' || (format === undefined && !isLayersTopology(topology));
  if (isGraphModel) return graphModel(file, json, topology, weights);
  const { graph, ends } = lowerLayers(topology, withoutOptimizer(json, weights), file);
  const metadata = await readBeside(folder, METADATA_FILE);
  return { file, graph, ends, inexpressible: [], ...(metadata && { hints: readMetadata(metadata, ends) }) };
}

function graphModel(file: string, json: Fields, topology: Fields, weights: readonly Weight[]): ReadModel {
  const def = readGraph(topology, weights);
  const ends = readSignatureEnds({ file, json }, def);
  const { graph, inexpressible } = readTfjs(def, weights, ends);
  verify(graph);
  return { file, graph, ends, inexpressible };
}

/** The weights without those of an optimizer, which `save({ includeOptimizer: true })` adds. */
function withoutOptimizer(json: Fields, weights: readonly Weight[]): Weight[] {
  const specs = (json['weightsManifest'] as { weights: Fields[] }[]).flatMap((group) => group.weights);
  return weights.filter((_, index) => specs[index]?.['group'] !== 'optimizer');
}

/** Reads a JSON file in the model's folder; `undefined` if there is none. */
async function readBeside(folder: ModelFolder, name: string): Promise<Fields | undefined> {
  if (!(await folder.has(name))) return undefined;
  const opened = await folder.open(name);
  try {
    if (opened.length > LIMITS.jsonBytes) throw broken(`${name} has ${opened.length} bytes; the limit is ${LIMITS.jsonBytes}.`);
    const content = new Uint8Array(opened.length);
    await opened.read(content);
    return objectAt(parseJson(content, name), name);
  } finally {
    await opened.close();
  }
}

/** Reads one group of weights. Its files, joined, hold exactly the bytes of the weights. */
async function readGroup(value: unknown, place: string, folder: ModelFolder, budget: number): Promise<Weight[]> {
  const group = objectAt(value, place);
  const specs = arrayAt(group['weights'], `${place}.weights`, LIMITS.tensors).map((spec, index) =>
    readWeightSpec(spec, `${place}.weights[${index}]`),
  );
  const paths = arrayAt(group['paths'], `${place}.paths`, LIMITS.weightFiles).map((path, index) =>
    relativePath(path, `${place}.paths[${index}]`),
  );
  const wanted = specs.reduce((sum, spec) => sum + storedBytes(spec), 0);
  if (wanted > budget) throw broken(`The weights take more than ${LIMITS.weightBytes} bytes; that is the limit.`);

  const opened: { readonly path: string; readonly beside: FolderFile }[] = [];
  try {
    for (const path of paths) opened.push({ path, beside: await folder.open(path) });
    const got = opened.reduce((sum, { beside }) => sum + beside.length, 0);
    if (got !== wanted) {
      for (const { path, beside } of opened) await refuseStandIn(path, beside);
      throw broken(
        `${paths.join(', ')} should have ${wanted} bytes, the sum of its ${specs.length} weights, but has ${got}. Is the file cut, or from another export?`,
      );
    }
    const bytes = new Uint8Array(wanted);
    let offset = 0;
    for (const { beside } of opened) {
      await beside.read(bytes.subarray(offset, offset + beside.length));
      offset += beside.length;
    }
    let end = 0;
    return specs.map((spec) => {
      const start = end;
      end += storedBytes(spec);
      return { ...spec, bytes: bytes.subarray(start, end) };
    });
  } finally {
    await Promise.all(opened.map(({ beside }) => beside.close()));
  }
}

/** Refuses a weight file in whose place something else was stored or downloaded. */
async function refuseStandIn(path: string, file: FolderFile): Promise<void> {
  const { head, tail } = await file.ends(HEAD_BYTES);
  const format = detect(head, tail);
  if (format === 'git-lfs' || format === 'html' || format === 'empty') throw otherFormat(path, format, head);
}
