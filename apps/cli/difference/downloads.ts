/** The files that a visitor who has one packed model downloads for another one. A file is the same if its SHA-256 is. */
import { visitorAssets } from '../../../src/engines/own-graph.js';
import type { Manifest } from '../../../src/manifest/manifest.js';

/** A packed model and its `model.js`, which is part of the app's own script. */
export interface PackedModel {
  readonly manifest: Manifest;
  readonly script: { readonly bytes: number; readonly sha256: string };
}

/** Numbers of files: those that are downloaded, among all of their kind. */
export interface Counted {
  readonly changed: number;
  readonly of: number;
}

/** The download of a visitor who has the old model. */
export interface Downloads {
  readonly bytes: number;
  /** The shards of the weights. */
  readonly shards: Counted;
  /** All other files: `model.js`, the graph, the golden samples. */
  readonly others: Counted;
}

type File = PackedModel['script'];

/** Bytes of all files of a packed model. */
export const bytesOf = (model: PackedModel): number => filesOf(model).reduce((sum, { bytes }) => sum + bytes, 0);

/** Compares the files of two packed models. */
export function downloadsAgain(old: PackedModel, now: PackedModel): Downloads {
  const before = new Set(filesOf(old).map(({ sha256 }) => sha256));
  const shards = new Set(now.manifest.weights.map(({ sha256 }) => sha256));
  const files = filesOf(now);
  const isNew = ({ sha256 }: File): boolean => !before.has(sha256);
  const isShard = ({ sha256 }: File): boolean => shards.has(sha256);
  const counted = (of: readonly File[]): Counted => ({ changed: of.filter(isNew).length, of: of.length });
  return {
    bytes: files.filter(isNew).reduce((sum, { bytes }) => sum + bytes, 0),
    shards: counted(files.filter(isShard)),
    others: counted(files.filter((file) => !isShard(file))),
  };
}

/** The files of a packed model that a visitor downloads. Two with the same content are one, since a visitor keeps a file under its hash. */
const filesOf = ({ manifest, script }: PackedModel): readonly File[] => [
  ...new Map([script, ...visitorAssets(manifest)].map(({ bytes, sha256 }) => [sha256, { bytes, sha256 }])).values(),
];
