/** Answers that the reference has given, kept by graph and inputs: packing a graph again with other options runs nothing of it twice. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { writeGraph } from '../../graph/file.js';
import type { Graph } from '../../graph/graph.js';
import type { Tensor } from '../../graph/tensor.js';
import { cacheFolder } from '../cache.js';
import { packerDigest, sha256 } from '../digest.js';
import { replaceFile } from '../files/replace.js';
import type { Cost } from '../model/cost.js';
import type { Answers } from './golden.js';

/** The most bytes of the folder. Half of it makes way before a pack, which may then add as much. */
const MAX_BYTES = 256 * 2 ** 20;

/** Bytes of the SHA-256 in front of an entry, by which a damaged one is told. */
const HASH_BYTES = 32;

/** The outputs of one run in the order of the graph's outputs, and its cost. */
export interface KeptAnswer {
  readonly outputs: readonly Answers[string][];
  readonly cost: Cost;
}

/** Answers by key. Reading and writing never fail: an answer that cannot be kept is computed again. */
export class KeptAnswers {
  readonly #folder: string;
  readonly #build: string;
  #room: number;

  /** @param room the most bytes that are added */
  private constructor(folder: string, build: string, room: number) {
    this.#folder = folder;
    this.#build = build;
    this.#room = room;
  }

  /**
   * Opens the folder of answers in the app's `node_modules`, and removes those that were used longest ago if they take too much.
   * @param path of the packed folder
   * @returns undefined if there is no `node_modules`, or if this code has no build whose answers could be told from another one's
   */
  static async open(path: string, maxBytes = MAX_BYTES): Promise<KeptAnswers | undefined> {
    const [cache, build] = [cacheFolder(path), await packerDigest()];
    if (cache === undefined || build === undefined) return undefined;
    const folder = join(cache, 'answers');
    return new KeptAnswers(folder, build, maxBytes - (await bytesAfterTrim(folder, maxBytes / 2)));
  }

  /**
   * Makes the keys of a graph's answers. A key is a hash of all that decides an answer: the code of the reference, V8's mathematical
   * functions, the graph with its constants, and the inputs.
   */
  keysOf(graph: Graph): (feeds: readonly Tensor[]) => string {
    const hash = createHash('sha256').update(`${this.#build} ${process.versions.v8}`);
    const constants = graph.constants.map((constant) => ({ ...constant, bytes: new Uint8Array() }));
    hash.update(JSON.stringify(writeGraph({ ...graph, constants }).json));
    for (const { bytes } of graph.constants) hash.update(bytes);
    return (feeds) => {
      const own = hash.copy();
      for (const { dataType, shape, data } of feeds)
        own.update(JSON.stringify([dataType, shape])).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return own.digest('hex');
    };
  }

  /** @returns undefined if there is none, or a damaged one */
  async read(key: string): Promise<KeptAnswer | undefined> {
    const file = this.#fileOf(key);
    try {
      const content = await readFile(file);
      const body = content.subarray(HASH_BYTES);
      if (sha256(body) !== content.subarray(0, HASH_BYTES).toString('hex')) return undefined;
      const now = new Date();
      await utimes(file, now, now);
      const { outputs, cost } = deserialize(body) as KeptAnswer;
      // The arrays lie in the memory of the file.
      return { outputs: outputs.map((output) => ({ ...output, data: output.data.slice() })), cost };
    } catch {
      return undefined;
    }
  }

  async write(key: string, answer: KeptAnswer): Promise<void> {
    const body = serialize(answer);
    const bytes = HASH_BYTES + body.length;
    if (bytes > this.#room) return;
    this.#room -= bytes;
    try {
      await mkdir(this.#folder, { recursive: true });
      await replaceFile(this.#fileOf(key), async (append) => {
        await append(Buffer.from(sha256(body), 'hex'));
        await append(body);
      });
    } catch {
      // A disk that is full, or a folder that may not be written.
    }
  }

  readonly #fileOf = (key: string): string => join(this.#folder, `${key}.bin`);
}

/** Removes the files that were used longest ago until those that are left take at most so many bytes. */
async function bytesAfterTrim(folder: string, maxBytes: number): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Another pack may remove it just now.
      const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
      return { path, size, mtimeMs };
    }),
  );
  let bytes = found.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of found.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (bytes <= maxBytes) break;
    await rm(path, { force: true }).catch(() => undefined);
    bytes -= size;
  }
  return bytes;
}
