/** The files of a packed model, and the engines that open them. */
import type { BackendName } from '../base/backend-name.js';

/** The name, the size and the hash of one file of a packed model. */
export interface FileDigest {
  /** File name, with the first 16 hex digits of the hash in it. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the whole file, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** A file that pages download. */
export interface Asset extends FileDigest {
  /** Returns the file's address. A function, so that bundlers see the file and importing the manifest fetches nothing. */
  readonly url: () => string;
}

/** By backend, why an engine does not run the model there, such as `it lacks the kernels Complex`; the other backends are left out. */
export type Refused = Readonly<Partial<Record<BackendName, string>>>;

/** The graph in the form of TF.js, with the table of the weights. */
export interface TfjsTargets {
  readonly graph: Asset;
  readonly refused: Refused;
}

/** The graph as a WebAssembly module, of which there are two builds; none if the model is refused. */
export interface CompiledTargets {
  /** For every browser that has SIMD. */
  readonly simd?: Asset;
  /** With fused multiplication and addition, for browsers that have relaxed SIMD, too. */
  readonly relaxed?: Asset;
  readonly refused: Refused;
}

/** By engine, its own files of a packed model, of which a visitor downloads one; and where it cannot run the model. */
export interface Targets {
  /** Absent in folders that were packed before this engine was there. */
  readonly compiled?: CompiledTargets;
  readonly tfjs: TfjsTargets;
}

/** The part of a manifest that names its files. */
export interface ModelAssets {
  readonly targets: Targets;
  /** The shards of the weights, which all engines share. */
  readonly weights: readonly Asset[];
  readonly golden: { readonly asset: Asset };
}

/**
 * The files that a visitor downloads to run the model; the shards of the weights stand in the order in which the graph takes them.
 * @param graphs of one engine, or of several
 */
export const assetsOf = ({ weights, golden }: ModelAssets, graphs: readonly Asset[]): readonly Asset[] => [
  ...graphs,
  ...weights,
  golden.asset,
];

/** All files that any visitor downloads. */
export const allAssetsOf = (manifest: ModelAssets): readonly Asset[] => {
  const { compiled: { simd, relaxed } = {}, tfjs } = manifest.targets;
  const graphs = [simd, relaxed, tfjs.graph];
  return assetsOf(
    manifest,
    graphs.filter((graph) => graph !== undefined),
  );
};
