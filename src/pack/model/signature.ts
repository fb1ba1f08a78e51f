/** The inputs and outputs of a graph under the names that apps use. */

import { describe } from '../../base/describe.js';
import type { DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import { meant } from '../../base/nearest.js';
import { isReserved } from '../../formats/file-fields.js';
import { bare, type End, type Ends, indexed } from '../../formats/tfjs/ends.js';
import { nodeOf } from '../../formats/tfjs/graph-def.js';
import type { Dim, TensorSpec } from '../../manifest/signature.js';
import { camelCase } from '../javascript.js';
import { badOption, type InputOptions, type PackOptions } from '../options.js';
import type { Hints, OutputHint } from './hints.js';
import { takenOfInput, takenOfModel, takenOfOutput } from './taken.js';

/** One input of the graph, with its options. */
export interface GraphInput {
  readonly name: string;
  /** The key in the model's signature, for the packed graph file. */
  readonly key: string;
  /** The entry in the model's signature, for the packed graph file. */
  readonly declared: Fields;
  readonly node: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
  readonly quantization: TensorSpec['quantization'];
  readonly options: InputOptions;
}

/** One output of the graph. The golden run tells the dtype and shape that the signature leaves out. */
export interface GraphOutput {
  readonly name: string;
  readonly key: string;
  readonly declared: Fields;
  /** The tensor, `node:index`. */
  readonly node: string;
  /** The name in the options, or the node. */
  readonly place: string;
  /** `undefined` if the signature has no shape. */
  readonly shape: readonly Dim[] | null | undefined;
  readonly quantization: TensorSpec['quantization'];
  readonly options: OutputHint;
}

/** Inputs and outputs in the order of the model's signature, since TF.js also takes and returns them by position. */
export interface GraphSignature {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly GraphOutput[];
}

/** The signature of a model file. */
export interface FileSignature extends GraphSignature {
  /** A line on each thing that hints gave, and no option. */
  readonly taken: readonly string[];
}

/**
 * Names a model's inputs and outputs, and finds their options.
 * @throws {PannierError} `options` for options of an unknown input or output and for a name that is given twice
 */
export function readSignature(
  { inputs, outputs }: Ends,
  options: Pick<PackOptions, 'inputs' | 'outputs' | 'license'>,
  hints?: Hints,
): FileSignature {
  const inputOptions = optionsByNode(options.inputs, inputs, 'inputs', hints?.inputs);
  const outputOptions = optionsByNode(options.outputs, outputs, 'outputs', hints?.outputs);
  const namedInputs = inputs.map((end): GraphInput => {
    const given = over(hints?.inputs[end.key], inputOptions.get(end)?.options);
    const { key, fields: declared, dtype, shape, quantization } = end;
    if (given.constant !== undefined)
      throw badOption(`Option inputs["${bare(key)}"].constant is for .onnx files; feed the input with its value in every call.`);
    return { name: given.name ?? friendlyName(end), key, declared, node: nodeOf(end.tensor), dtype, shape, quantization, options: given };
  });
  const namedOutputs = outputs.map((end): GraphOutput => {
    const said = outputOptions.get(end);
    const given = { ...hints?.outputs[end.key], ...said?.options };
    const { key, fields: declared, shape, quantization } = end;
    const place = said?.key ?? bare(end.tensor);
    return { name: given.name ?? friendlyName(end), key, declared, node: indexed(end.tensor), place, shape, quantization, options: given };
  });
  refuseDoubles(namedInputs, 'inputs');
  refuseDoubles(namedOutputs, 'outputs');
  const taken = hints && [
    ...takenOfModel(hints, options),
    ...inputs.flatMap((end) => takenOfInput(end.key, hints.inputs[end.key], inputOptions.get(end)?.options)),
    ...outputs.flatMap((end) => takenOfOutput(end.key, hints.outputs[end.key], outputOptions.get(end)?.options)),
  ];
  return { inputs: namedInputs, outputs: namedOutputs, taken: taken?.map((line) => `${line}, from ${hints?.source}`) ?? [] };
}

/** Merges options over hints, field by field, and so the fields of `image`. */
function over(hint: InputOptions = {}, given: InputOptions = {}): InputOptions {
  const merged = { ...hint, ...given };
  return hint.image && given.image ? { ...merged, image: { ...hint.image, ...given.image } } : merged;
}

function optionsByNode<T extends { readonly name?: string }>(
  options: Readonly<Record<string, T>> | undefined,
  entries: readonly End[],
  what: string,
  hints: Readonly<Record<string, T>> = {},
): Map<End, { readonly key: string; readonly options: T }> {
  const found = new Map<End, { readonly key: string; readonly options: T }>();
  for (const [key, value] of Object.entries(options ?? {})) {
    const matches = (entry: End) =>
      [entry.key, bare(entry.key), entry.tensor, nodeOf(entry.tensor), friendlyName(entry), hints[entry.key]?.name].includes(key);
    const entry = entries.find(({ tensor }) => indexed(tensor) === indexed(key)) ?? entries.find(matches);
    if (entry === undefined) {
      const known = entries.map((each) => bare(each.key));
      throw badOption(
        `Option ${what} names ${describe(key)}; the model has ${known.map((each) => `"${each}"`).join(', ')}.${meant(key, known)}`,
      );
    }
    if (found.has(entry))
      throw badOption(`Option ${what} names "${bare(entry.key)}" twice, once as ${describe(key)}; say all about it in one place.`);
    found.set(entry, { key, options: value });
  }
  return found;
}

/** `MobilenetV1/heatmap_2/BiasAdd:0` becomes `mobilenetV1Heatmap2BiasAdd`. */
export function friendlyName({ key }: Pick<End, 'key'>): string {
  const name = camelCase(bare(key));
  return name === '' || /^\d/.test(name) || isReserved(name) ? key : name;
}

function refuseDoubles(specs: readonly { readonly name: string; readonly key: string; readonly node: string }[], what: string): void {
  const seen = new Map<string, string>();
  for (const { name, key, node } of specs) {
    const other = seen.get(name);
    if (other !== undefined)
      throw badOption(
        `Both "${other}" and "${key}" would be called "${name}" among the ${what}; name one, e.g. ${what}: { '${node}': { name: '…' } }.`,
      );
    seen.set(name, key);
  }
}
