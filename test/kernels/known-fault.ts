/** A kernel of TF.js that is known to be wrong. */
import type { BackendName } from '../../src/base/backend-name.js';
import type { WrittenTensor } from '../../src/formats/tfjs/write/graph-def.js';
import type { RawGraph, RawTensor } from './raw.js';

export interface KnownFault {
  /** An op of TF.js's graphs. */
  readonly op: string;
  /** The backends whose kernel is wrong. */
  readonly on: readonly BackendName[];
  /** What is wrong: the rest of a sentence that begins with the op. */
  readonly fault: string;
  /** What is done about it: `mended` in the engine, or how the writer writes it. */
  readonly cure: string;
  /** The file below `src/` whose comment names the op and TF.js's version. */
  readonly file: string;
  readonly call: (graph: RawGraph) => WrittenTensor;
  readonly right: RawTensor;
}

export const ALL: readonly BackendName[] = ['cpu', 'wasm', 'webgpu'];

/** More than float32 holds exactly. */
export const LARGE = 2 ** 24 + 1;

/** 0, 1, 2 and so on. */
export const counted = (count: number): readonly number[] => [...Array(count).keys()];

export const WRITER = 'formats/tfjs/write';
