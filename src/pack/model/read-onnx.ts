/** Reads an ONNX model from disk into a graph, with the files beside it that hold its weights. */
import { dirname } from 'node:path';
import { PannierError } from '../../base/errors.js';
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import type { ModelProto, ValueProto } from '../../formats/onnx/proto.js';
import type { ExternalFiles } from '../../formats/onnx/tensor.js';
import type { Ultralytics } from '../../formats/onnx/ultralytics.js';
import { verify } from '../../graph/verify.js';
import { type OpenFile, openInside, readAndClose, readWhole } from '../files/open.js';
import { relativePath } from '../files/relative-path.js';
import type { InputOptions, PackOptions } from '../options.js';
import { classicalHints } from './classical.js';
import type { OnnxFile, ReadModel } from './read-model.js';
import { friendlyName } from './signature.js';
import { hintsOf } from './ultralytics.js';

/**
 * Reads an .onnx file that is open. No file outside its folder is opened.
 * @param options of its inputs: constants take the place of inputs; where the file cannot be read with open sizes, it is read with those
 *   that `shape` says, or that its metadata says
 * @throws {PannierError} `model-format`, and `options` for sizes or constants that an input cannot have
 */
export async function readOnnxFile(opened: OpenFile, path: string, file: string, options: InputsOption): Promise<ReadModel> {
  // The reader of protocol buffers is loaded for such files alone.
  const onnx = await import('../../formats/onnx/index.js');
  const model = onnx.parseModel(await readWhole(opened, path, file, LIMITS.weightBytes), file);
  const files = await readFiles(onnx.externalLocations(model), dirname(path), LIMITS.weightBytes - opened.length);
  const said = onnx.readUltralytics(model.metadata);
  const free = model.graph === undefined ? [] : onnx.freeInputs(model.graph);
  const given = optionsByName(free, options);
  const constants = given.filter(([, { constant }]) => constant !== undefined);
  const shaped = given.filter(([, { constant, shape }]) => constant === undefined && shape !== undefined);
  const shapes = shaped.length > 0 ? shaped : sizesSaid(said, free);
  const readWith = (bound: readonly Given[]) => {
    const bindings = new Map(bound.map(([name, binding]) => [name, binding]));
    const boundModel = onnx.bindInputs(model, bindings);
    const read = onnx.readOnnx(boundModel, files, file);
    verify(read.graph);
    const values = valuesOf(
      boundModel,
      constants.map(([name]) => name),
    );
    const isOfNumbers = read.columns.size === 0 && model.graph?.outputs.every(({ elementType = 0 }) => onnx.dataTypeOf(elementType));
    const original: OnnxFile = { path, weightFiles: [...files.keys()], constants: values };
    const hints = said === undefined ? classicalHints(read, file) : hintsOf(said, read.ends, file);
    const keys = constants.map(([, , key]) => key);
    const { graph, ends } = read;
    return { file, graph, ends, inexpressible: [], constants: keys, ...(isOfNumbers && { onnx: original }), ...(hints && { hints }) };
  };
  try {
    return readWith(constants);
  } catch (thrown) {
    if (!(thrown instanceof PannierError) || thrown.code !== 'model-format' || shapes.length === 0) throw thrown;
    return { ...readWith([...constants, ...shapes]), warnings: [fixedSizes(shapes, thrown)] };
  }
}

/** The sizes that metadata says of the only input. */
function sizesSaid(said: Ultralytics | undefined, [input, ...others]: readonly ValueProto[]): readonly Given[] {
  if (said?.size === undefined || input?.shape?.length !== 4 || others.length > 0) return [];
  const sizes = [1, undefined, said.size.height, said.size.width];
  const shape = input.shape.map((size, axis) => (typeof size === 'number' ? size : sizes[axis]));
  return shape.every((size) => size !== undefined) ? [[input.name, { shape }, input.name]] : [];
}

/** The sentence about inputs that take no other sizes. @param refusal of the model with open sizes */
function fixedSizes(shapes: readonly Given[], { detail }: PannierError): string {
  const fixed = shapes.map(([name, { shape = [] }]) => `"${name}" takes [${shape.join(', ')}] alone`);
  const reason = detail['node'] === undefined ? 'the file' : `node "${detail['node']}" (${detail['op']})`;
  return `${fixed.join(', ')}, since ${reason} cannot be read with open sizes.`;
}

type InputsOption = NonNullable<PackOptions['inputs']>;

/** An input's name in the file, its options, and the key that they have. */
type Given = readonly [name: string, options: InputOptions, key: string];

/** The options of a file's inputs, which have their names in the file or in an app. */
const optionsByName = (inputs: readonly { readonly name: string }[], options: InputsOption): readonly Given[] =>
  Object.entries(options).flatMap(([key, option]): Given[] => {
    const found = inputs.find(({ name }) => name === key) ?? inputs.find(({ name }) => friendlyName({ key: name }) === key);
    return found === undefined ? [] : [[found.name, option, key]];
  });

/** The values of the inputs that became constants, by their names in the file. */
const valuesOf = ({ graph }: ModelProto, names: readonly string[]): OnnxFile['constants'] =>
  new Map(
    graph?.initializers
      .filter(({ name }) => names.includes(name))
      .map(({ name, dims, floats, wholes32, wholes64 }) => [name, { shape: dims, data: [...floats, ...wholes32, ...wholes64] }]),
  );

async function readFiles(locations: readonly string[], folder: string, budget: number): Promise<ExternalFiles> {
  if (locations.length > LIMITS.weightFiles)
    throw broken(`The weights lie in ${locations.length} files; the limit is ${LIMITS.weightFiles}.`);
  const files = new Map<string, Uint8Array>();
  let left = budget;
  for (const location of locations) {
    const path = relativePath(location, 'The place of a weight');
    const { handle, length } = await openInside(folder, path);
    files.set(location, await readAndClose(handle, length, path, path, left));
    left -= length;
  }
  return files;
}
