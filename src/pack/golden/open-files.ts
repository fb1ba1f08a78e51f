/** Opens the files of a packed model on an engine of this process. */
import type { Engine, Session } from '../../engines/engine.js';
import type { PackedFile } from '../out/shards.js';

/** Longest run; a graph may hold a loop without an end. */
export const DEADLINE_MS = 300_000;

/** The files that one engine opens. */
interface OpenedFiles {
  /** Base name of the model file, for messages. */
  readonly file: string;
  /** The engine's own file. */
  readonly graph: PackedFile;
  readonly shards: readonly PackedFile[];
  readonly controlFlow: boolean;
}

export const openFiles = (engine: Engine, { file, graph, shards, controlFlow }: OpenedFiles): Promise<Session> =>
  engine.open({ name: file, graph: bufferOf(graph), weights: shards.map(bufferOf), controlFlow });

/** Copies the bytes, because an engine consumes them. */
const bufferOf = ({ bytes }: PackedFile): ArrayBuffer => new Uint8Array(bytes).buffer;
