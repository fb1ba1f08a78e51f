/** The inputs and outputs of a graph under the names that apps use. */

import { describe } from '../../base/describe.js';
import type { DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import { meant } from '../../base/nearest.js';
import { broken, isReserved, nameAt, objectAt } from '../../formats/file-fields.js';
import { type Graph, nodeOf, reachableFrom } from '../../formats/tfjs/graph-def.js';
import type { Dim } from '../../manifest/signature.js';
import { camelCase } from '../javascript.js';
import { badOption, type InputOptions, type OutputOptions, type PackOptions } from '../options.js';
import type { ModelParts } from './read.js';

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
  readonly options: OutputOptions;
}

/** Inputs and outputs in the order of the model's signature, since TF.js also takes and returns them by position. */
export interface GraphSignature {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly GraphOutput[];
}

/** dtypes as TF.js maps them: whole numbers of any width become int32. */
const DTYPE_OF: Readonly<Record<string, DType>> = {
  DT_FLOAT: 'float32',
  DT_HALF: 'float32',
  DT_DOUBLE: 'float32',
  DT_INT32: 'int32',
  DT_INT64: 'int32',
  DT_INT8: 'int32',
  DT_UINT8: 'int32',
  DT_BOOL: 'bool',
};

/**
 * Finds the inputs and outputs of a graph: from its signature, or else from its placeholders and the tensors that no node reads.
 * @throws {PannierError} `model-format` for a signature that contradicts the graph, `options` for options of an unknown input or
 * output and for a name that is given twice
 */
export function readSignature(
  { json, file, hints }: Pick<ModelParts, 'json' | 'file' | 'hints'>,
  graph: Graph,
  options: Pick<PackOptions, 'inputs' | 'outputs'>,
): GraphSignature {
  const declared = declaredSignature(json, file);
  const outputEntries = entriesOf(declared['outputs'], 'outputs', graph) ?? looseEnds(graph);
  if (outputEntries.length === 0) throw broken(`${file} has no outputs: neither a signature nor a node that ends the graph.`);
  const inputEntries = withPlaceholders(entriesOf(declared['inputs'], 'inputs', graph) ?? [], graph, outputEntries);

  const inputOptions = optionsByNode(options.inputs, inputEntries, 'inputs', hints?.inputs);
  const outputOptions = optionsByNode(options.outputs, outputEntries, 'outputs', hints?.outputs);
  const inputs = inputEntries.map((entry): GraphInput => {
    const placeholder = graph.nodes.get(nodeOf(entry.tensor))?.attr;
    const given = over(hints?.inputs[entry.key], inputOptions.get(entry)?.options);
    const dtype = attrDtype(placeholder) ?? entry.fields['dtype'];
    const shape = shapeOf(entry.fields['tensorShape']) ?? shapeOf(attrShape(placeholder)) ?? null;
    return {
      name: given.name ?? friendlyName(entry),
      key: entry.key,
      declared: entry.fields,
      node: nodeOf(entry.tensor),
      dtype: knownDtype(dtype, entry.tensor),
      shape,
      options: given,
    };
  });
  const outputs = outputEntries.map((entry): GraphOutput => {
    const said = outputOptions.get(entry);
    const given = { ...hints?.outputs[entry.key], ...said?.options };
    const shape = shapeOf(entry.fields['tensorShape']);
    return {
      name: given.name ?? friendlyName(entry),
      key: entry.key,
      declared: entry.fields,
      node: indexed(entry.tensor),
      place: said?.key ?? bare(entry.tensor),
      shape,
      options: given,
    };
  });
  refuseDoubles(inputs, 'inputs');
  refuseDoubles(outputs, 'outputs');
  return { inputs, outputs };
}

/** Merges options over hints, field by field, and so the fields of `image`. */
function over(hint: InputOptions = {}, given: InputOptions = {}): InputOptions {
  const image = hint.image || given.image ? { ...hint.image, ...given.image } : undefined;
  return { ...hint, ...given, ...(image && { image }) };
}

/** The name without the index `:0`. */
const bare = (tensor: string): string => tensor.replace(/:0$/, '');

/** The name of a tensor with its index: TF.js reads `a` as `a:0`. */
const indexed = (tensor: string): string => (/:\d+$/.test(tensor) ? tensor : `${tensor}:0`);

interface Entry {
  readonly key: string;
  readonly tensor: string;
  readonly fields: Fields;
}

function declaredSignature(json: Fields, file: string): Fields {
  const metadata = json['userDefinedMetadata'];
  // In TF.js's own order of preference.
  const signature =
    (metadata === undefined || metadata === null ? undefined : objectAt(metadata, `${file}'s userDefinedMetadata`)['signature']) ??
    json['signature'];
  return signature === undefined || signature === null ? {} : objectAt(signature, `${file}'s signature`);
}

function entriesOf(side: unknown, what: 'inputs' | 'outputs', graph: Graph): Entry[] | undefined {
  if (side === undefined || side === null) return undefined;
  const entries = Object.entries(objectAt(side, `signature.${what}`)).map(([key, value]) => {
    const place = `signature.${what}["${nameAt(key, `A key of signature.${what}`)}"]`;
    const fields = objectAt(value, place);
    const tensor = nameAt(fields['name'], `${place}.name`);
    if (!graph.nodes.has(nodeOf(tensor))) throw broken(`${place} names ${describe(tensor)}, which is not in the graph.`);
    return { key, tensor, fields };
  });
  return entries.length === 0 ? undefined : entries;
}

/** Adds the placeholders that outputs depend on and that the signature does not name. */
function withPlaceholders(entries: readonly Entry[], graph: Graph, outputs: readonly Entry[]): Entry[] {
  const named = new Set(entries.map(({ tensor }) => nodeOf(tensor)));
  const needed = reachableFrom(
    graph,
    outputs.map(({ tensor }) => tensor),
  );
  const rest = [...graph.nodes.values()].filter(({ name, op }) => op === 'Placeholder' && needed.has(name) && !named.has(name));
  return [...entries, ...rest.map(({ name }) => ({ key: name, tensor: name, fields: {} }))];
}

function looseEnds(graph: Graph): Entry[] {
  const used = new Set([...graph.nodes.values()].flatMap(({ input }) => input.map(nodeOf)));
  return [...graph.nodes.keys()].filter((name) => !used.has(name)).map((name) => ({ key: name, tensor: name, fields: {} }));
}

function optionsByNode<T extends { readonly name?: string }>(
  options: Readonly<Record<string, T>> | undefined,
  entries: readonly Entry[],
  what: string,
  hints: Readonly<Record<string, T>> = {},
): Map<Entry, { readonly key: string; readonly options: T }> {
  const found = new Map<Entry, { readonly key: string; readonly options: T }>();
  for (const [key, value] of Object.entries(options ?? {})) {
    const matches = (entry: Entry) =>
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
function friendlyName({ key }: Entry): string {
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

function knownDtype(dtype: unknown, tensor: string): DType {
  const known = typeof dtype === 'string' && Object.hasOwn(DTYPE_OF, dtype) ? DTYPE_OF[dtype] : undefined;
  if (known === undefined) throw broken(`Input "${tensor}" has dtype ${describe(dtype)}; ${Object.keys(DTYPE_OF).join(', ')} are known.`);
  return known;
}

const attrDtype = (attr: Fields | undefined): unknown => (attr?.['dtype'] as Fields | undefined)?.['type'];
const attrShape = (attr: Fields | undefined): unknown => (attr?.['shape'] as Fields | undefined)?.['shape'];

/** Reads TensorFlow's TensorShapeProto, where sizes below 0 are open. `undefined` if there is none, `null` if the rank is unknown. */
function shapeOf(value: unknown): readonly Dim[] | null | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = objectAt(value, 'A tensorShape');
  if (fields['unknownRank'] === true) return null;
  const dims = fields['dim'] ?? [];
  if (!Array.isArray(dims) || dims.length > 8) throw broken(`A tensorShape has dim ${describe(dims)}; at most 8 sizes are wanted.`);
  return dims.map((dim) => {
    const size = Number(objectAt(dim, 'A size of a tensorShape')['size'] ?? -1);
    if (!Number.isSafeInteger(size) || size >= 2 ** 31)
      throw broken(`A tensorShape has size ${describe(size)}; whole numbers below 2^31 are wanted.`);
    return size < 0 ? null : size;
  });
}
