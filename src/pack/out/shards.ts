/** Weights cut into files that are named by their content, and the graph file that puts them together. */
import { createHash } from 'node:crypto';
import type { Fields } from '../fields.js';
import type { Weight, WeightSpec } from '../files/weights.js';
import type { GraphSignature } from '../model/signature.js';

/** Largest shard. */
export const SHARD_BYTES = 2 * 2 ** 20;

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
 * Cuts weights into shards of at most {@link SHARD_BYTES}, between tensors where they fit, so that a
 * retrained layer changes one or two shards. In the order in which the graph takes them.
 */
export function cutShards(weights: readonly Pick<Weight, 'bytes'>[]): PackedFile[] {
  const shards: PackedFile[] = [];
  let open: Uint8Array[] = [];
  let openBytes = 0;
  const close = () => {
    if (openBytes > 0) shards.push(hashedFile('weights', 'bin', Buffer.concat(open)));
    open = [];
    openBytes = 0;
  };
  for (const { bytes } of weights) {
    if (openBytes + bytes.length > SHARD_BYTES) close();
    for (let start = 0; start < bytes.length; start += SHARD_BYTES) {
      const piece = bytes.subarray(start, start + SHARD_BYTES);
      open.push(piece);
      openBytes += piece.length;
      if (openBytes === SHARD_BYTES) close();
    }
  }
  close();
  return shards;
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
