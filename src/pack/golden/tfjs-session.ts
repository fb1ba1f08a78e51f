/** Opens a written graph on an engine of this process. */
import type { Engine, Session } from '../../engines/engine.js';
import type { GraphFiles } from '../out/graph-files.js';
import type { PackedFile } from '../out/shards.js';

/** Longest run; a graph may hold a loop without an end. */
export const DEADLINE_MS = 300_000;

/** @param name of the model, for messages */
export const openFiles = (engine: Engine, name: string, { tfjs, shards, controlFlow }: GraphFiles): Promise<Session> =>
  engine.open({ name, graph: bufferOf(tfjs), weights: shards.map(bufferOf), controlFlow });

/** Copies the bytes, because an engine consumes them. */
const bufferOf = ({ bytes }: PackedFile): ArrayBuffer => new Uint8Array(bytes).buffer;
