/** The inputs and outputs of a TF.js graph: those that its signature declares, else its placeholders and loose ends. */
import { describe } from '../../base/describe.js';
import type { DType } from '../../base/dtype.js';
import type { Fields } from '../../base/fields.js';
import type { Dim, TensorSpec } from '../../manifest/signature.js';
import { broken, nameAt, objectAt } from '../file-fields.js';
import { type Graph, nodeOf, reachableFrom } from './graph-def.js';

/** An input or output of a model file. */
export interface End {
  /** The key in the model's signature. */
  readonly key: string;
  /** The tensor as the file names it: `node` or `node:1`. */
  readonly tensor: string;
  /** The entry in the model's signature; no fields if there is none. */
  readonly fields: Fields;
  /** The floats that whole numbers stand for, where the file says that. */
  readonly quantization?: TensorSpec['quantization'];
}

/** An input, whose element type a graph always says. */
export interface InputEnd extends End {
  readonly dtype: DType;
  /** Open sizes are null, as is a shape of unknown rank. */
  readonly shape: readonly Dim[] | null;
}

export interface OutputEnd extends End {
  /** Undefined if the signature does not say it. */
  readonly shape: readonly Dim[] | null | undefined;
}

/** In the order of the signature, since TF.js also takes and returns them by position. */
export interface Ends {
  readonly inputs: readonly InputEnd[];
  readonly outputs: readonly OutputEnd[];
}

/** The content of a model.json that says what goes in and out. */
export interface Declaring {
  /** Base name of the model.json, for messages. */
  readonly file: string;
  readonly json: Fields;
}

/** dtypes as apps see them: 64 bits become 32, as TF.js has them. */
const DTYPE_OF: Readonly<Record<string, DType>> = {
  DT_FLOAT: 'float32',
  DT_HALF: 'float32',
  DT_DOUBLE: 'float32',
  DT_INT32: 'int32',
  DT_INT64: 'int32',
  DT_INT8: 'int8',
  DT_UINT8: 'uint8',
  DT_BOOL: 'bool',
};

/**
 * Finds the inputs and outputs of a graph.
 * @throws {PannierError} `model-format` for a signature that contradicts the graph
 */
export function readEnds({ json, file }: Declaring, graph: Graph): Ends {
  const declared = declaredSignature(json, file);
  const outputs = entriesOf(declared['outputs'], 'outputs', graph) ?? looseEnds(graph);
  if (outputs.length === 0) throw broken(`${file} has no outputs: neither a signature nor a node that ends the graph.`);
  const inputs = withPlaceholders(entriesOf(declared['inputs'], 'inputs', graph) ?? [], graph, outputs);
  return {
    inputs: inputs.map((end) => {
      const placeholder = graph.nodes.get(nodeOf(end.tensor))?.attr;
      const dtype = knownDtype(attrDtype(placeholder) ?? end.fields['dtype'], end.tensor);
      return { ...end, dtype, shape: shapeOf(end.fields['tensorShape']) ?? shapeOf(attrShape(placeholder)) ?? null };
    }),
    outputs: outputs.map((end) => ({ ...end, shape: shapeOf(end.fields['tensorShape']) })),
  };
}

/** The name without the index `:0`. */
export const bare = (tensor: string): string => tensor.replace(/:0$/, '');

/** The name of a tensor with its index: TF.js reads `a` as `a:0`. */
export const indexed = (tensor: string): string => (/:\d+$/.test(tensor) ? tensor : `${tensor}:0`);

function declaredSignature(json: Fields, file: string): Fields {
  const metadata = json['userDefinedMetadata'];
  // In TF.js's own order of preference.
  const signature =
    (metadata === undefined || metadata === null ? undefined : objectAt(metadata, `${file}'s userDefinedMetadata`)['signature']) ??
    json['signature'];
  return signature === undefined || signature === null ? {} : objectAt(signature, `${file}'s signature`);
}

function entriesOf(side: unknown, what: 'inputs' | 'outputs', graph: Graph): End[] | undefined {
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
function withPlaceholders(entries: readonly End[], graph: Graph, outputs: readonly End[]): End[] {
  const named = new Set(entries.map(({ tensor }) => nodeOf(tensor)));
  const needed = reachableFrom(
    graph,
    outputs.map(({ tensor }) => tensor),
  );
  const rest = [...graph.nodes.values()].filter(({ name, op }) => op === 'Placeholder' && needed.has(name) && !named.has(name));
  return [...entries, ...rest.map(({ name }) => ({ key: name, tensor: name, fields: {} }))];
}

function looseEnds(graph: Graph): End[] {
  const used = new Set([...graph.nodes.values()].flatMap(({ input }) => input.map(nodeOf)));
  return [...graph.nodes.keys()].filter((name) => !used.has(name)).map((name) => ({ key: name, tensor: name, fields: {} }));
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
