/** Weights cut into files that are named by their content, and the graph file that puts them together. */
import { createHash } from 'node:crypto';
import type { Fields } from '../../base/fields.js';

import type { NamedNodes } from '../../engines/tfjs/graph-file.js';
import type { Weight, WeightSpec } from '../../formats/tfjs/weights.js';
import type { GraphSignature } from '../model/signature.js';

/** The largest shard. */
export const MAX_SHARD_BYTES = 2 * 2 ** 20;

/** A shard is not cut before this many bytes. */
const MIN_SHARD_BYTES = MAX_SHARD_BYTES / 4;

/** One file to write. Its name holds the hash of its content. */
export interface PackedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** A file whose name has the first 16 hex digits of its SHA-256. */
export function hashedFile(kind: string, extension: string, bytes: Uint8Array): PackedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name: `${kind}-${sha256.slice(0, 16)}.${extension}`, bytes, sha256 };
}

/** A file of JSON whose name has the hash of the text. */
export const jsonFile = (kind: string, content: unknown): PackedFile =>
  hashedFile(kind, 'json', new TextEncoder().encode(`${JSON.stringify(content)}\n`));

/**
 * Cuts weights into shards of at most {@link MAX_SHARD_BYTES}, in the order in which the graph takes them, and between tensors
 * if they fit. Among the cuts that make a shard large enough, the cut before the weight whose name has the highest hash wins.
 * So new values move no cut, and after a layer that was added, removed or resized, the next shard mostly begins where it began
 * before: a visitor of the old version downloads few shards again.
 */
export function cutShards(weights: readonly Pick<Weight, 'name' | 'bytes'>[]): PackedFile[] {
  const pieces = weights.flatMap(piecesOf);
  const shards: PackedFile[] = [];
  for (let start = 0; start < pieces.length; ) {
    const end = nextCut(pieces, start);
    const bytes = Buffer.concat(pieces.slice(start, end).map((piece) => piece.bytes));
    if (bytes.length > 0) shards.push(hashedFile('weights', 'bin', bytes));
    start = end;
  }
  return shards;
}

/** A weight, or a part of it that fits into one shard. The best cut is before the piece with the highest rank. */
interface Piece {
  readonly rank: string;
  readonly bytes: Uint8Array;
}

function piecesOf({ name, bytes }: Pick<Weight, 'name' | 'bytes'>): Piece[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / MAX_SHARD_BYTES)) }, (_, index) => ({
    rank: createHash('sha256').update(`${name} ${index}`).digest('hex'),
    bytes: bytes.subarray(index * MAX_SHARD_BYTES, (index + 1) * MAX_SHARD_BYTES),
  }));
}

/** The index behind the last piece of the shard that begins with the piece at `start`. */
function nextCut(pieces: readonly Piece[], start: number): number {
  let bytes = 0;
  let best: number | undefined;
  for (let at = start; at < pieces.length; at++) {
    const piece = pieces[at] as Piece;
    if (bytes >= MIN_SHARD_BYTES && (best === undefined || piece.rank > (pieces[best] as Piece).rank)) best = at;
    bytes += piece.bytes.length;
    // The first piece always fits, since a piece has at most the bytes of a shard.
    if (bytes > MAX_SHARD_BYTES) return best ?? at;
  }
  return pieces.length;
}

/** The file of the tfjs engine: a TF.js graph model, with the nodes of inputs and outputs by the names that apps use. */
export function tfjsFile(
  topology: Fields,
  signature: GraphSignature,
  nodes: NamedNodes,
  weights: readonly Weight[],
  shards: readonly PackedFile[],
): PackedFile {
  const model = {
    format: 'graph-model',
    generatedBy: 'pannier',
    convertedBy: 'pannier pack',
    signature: { inputs: graphEntries(signature.inputs), outputs: graphEntries(signature.outputs) },
    // TF.js's GraphModel fails without `versions`.
    modelTopology: { ...topology, versions: topology['versions'] ?? {} },
    nodes,
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights: weights.map(specOf) }],
  };
  return jsonFile('tfjs', model);
}

/**
 * Signature entries under their own keys. TF.js takes the name of a fed node for a key if there is such a key, so that an entry
 * whose key is another entry's node is called by its tensor instead.
 */
function graphEntries(specs: readonly { readonly key: string; readonly node: string; readonly declared: Fields }[]): Fields {
  const tensorOf = (node: string) => (node.includes(':') ? node : `${node}:0`);
  const nodes = new Set(specs.flatMap(({ node }) => [node, tensorOf(node)]));
  return Object.fromEntries(
    specs.map(({ key, node, declared: { dtype, tensorShape } }) => {
      const name = tensorOf(node);
      return [nodes.has(key) && tensorOf(key) !== name ? name : key, { name, dtype, tensorShape }];
    }),
  );
}

const specOf = ({ name, shape, dtype, quantization }: WeightSpec) => ({ name, shape, dtype, ...(quantization && { quantization }) });
