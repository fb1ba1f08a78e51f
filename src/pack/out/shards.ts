/** Weights cut into files that are named by their content, and the graph file that puts them together. */
import { createHash } from 'node:crypto';
import type { Fields } from '../fields.js';
import type { Weight, WeightSpec } from '../files/weights.js';
import type { GraphSignature } from '../model/signature.js';

/** Largest shard. */
export const SHARD_BYTES = 2 * 2 ** 20;

/** No cut is looked for before. ARCHITECTURE.md has what was measured. */
const LEAST_BYTES = SHARD_BYTES / 4;

/** One file to write; equal content has equal names. */
export interface PackedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** A file with the first 16 hex digits of its SHA-256 in its name. */
export function hashedFile(kind: string, extension: string, bytes: Uint8Array): PackedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name: `${kind}-${sha256.slice(0, 16)}.${extension}`, bytes, sha256 };
}

/**
 * Cuts weights into shards of at most {@link SHARD_BYTES}, between tensors where they fit, in the order in which
 * the graph takes them. Of the cuts that make a shard large enough, the one is taken before the weight whose name
 * has the highest hash: new values move no cut, and behind a layer that is new, gone or of another size the old
 * cuts are found again, mostly by the next shard.
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

/** A weight, or so much of it as fits into one shard; a cut before it is the better, the higher its rank. */
interface Piece {
  readonly rank: string;
  readonly bytes: Uint8Array;
}

function piecesOf({ name, bytes }: Pick<Weight, 'name' | 'bytes'>): Piece[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / SHARD_BYTES)) }, (_, index) => ({
    rank: createHash('sha256').update(`${name} ${index}`).digest('hex'),
    bytes: bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES),
  }));
}

/** Where a shard that begins with the piece at `start` ends. */
function nextCut(pieces: readonly Piece[], start: number): number {
  let bytes = 0;
  let best: number | undefined;
  for (let at = start; at < pieces.length; at++) {
    const piece = pieces[at] as Piece;
    if (bytes >= LEAST_BYTES && (best === undefined || piece.rank > (pieces[best] as Piece).rank)) best = at;
    bytes += piece.bytes.length;
    // The first piece of a shard always fits.
    if (bytes > SHARD_BYTES) return best ?? at;
  }
  return pieces.length;
}

/** The graph file: a TF.js graph model that `tf.loadGraphModel` opens. */
export function graphFile(
  topology: Fields,
  signature: GraphSignature,
  weights: readonly Weight[],
  shards: readonly PackedFile[],
): PackedFile {
  const model = {
    format: 'graph-model',
    generatedBy: 'pannier',
    convertedBy: 'pannier pack',
    signature: { inputs: graphEntries(signature.inputs), outputs: graphEntries(signature.outputs) },
    // GraphModel reads `versions` without a look whether it is there.
    modelTopology: { ...topology, versions: topology['versions'] ?? {} },
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights: weights.map(specOf) }],
  };
  return hashedFile('graph', 'json', new TextEncoder().encode(`${JSON.stringify(model)}\n`));
}

/**
 * Signature entries under their own keys. TF.js takes a fed node's name for a key where there is such
 * a one, so a key that is another entry's node gives way.
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
