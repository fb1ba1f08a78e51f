/**
 * Reads HDF5 files as h5py writes them for Keras: groups, attributes that are texts, and datasets that are contiguous, compact,
 * or chunked behind deflate and shuffle (HDF5 File Format Specification 3.0, of the HDF Group). Nothing is read but what is asked
 * for, and values that lie in one piece are not copied.
 *
 * No library does this for us. Of files of 13 kB with a few bytes changed, jsfive 0.4.2 read one for 84 seconds, and h5wasm 0.10.3
 * did not come back from one within 50, so that both would need a process of their own; jsfive makes a JavaScript number of each
 * float, and h5wasm takes 15 MB on the disk (decision 032).
 */
import { sizeOf } from '../../base/dtype.js';
import { readAttributes } from './attributes.js';
import { readChunks, readFilters } from './chunks.js';
import { readLinks } from './groups.js';
import { type Message, readHeader } from './object-header.js';
import { Source } from './source.js';
import { type ElementType, messageAt, readShape, readType } from './types.js';

/** The eight bytes with which a file begins. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Opens a file. @returns its root group @throws {PannierError} `model-format` if it is broken, or of a form that is not read */
export function openHdf5(bytes: Uint8Array, file: string): Hdf5Object {
  const source = new Source(bytes, file);
  const cursor = source.at(0);
  if (!cursor.bytes(8).every((byte, index) => byte === SIGNATURE[index])) throw source.wrong('its first bytes are not those of HDF5');
  const version = cursor.version(0, 1, 2, 3);
  if (version < 2) cursor.skip(4);
  [source.addressBytes, source.lengthBytes] = [cursor.whole(1), cursor.whole(1)];
  for (const size of [source.addressBytes, source.lengthBytes])
    if (![2, 4, 8].includes(size)) throw source.wrong(`its addresses or lengths have ${size} bytes`);
  // The older form has more settings of trees, and its root is an entry of a symbol table.
  cursor.skip(version < 2 ? ([9, 13][version] as number) : 1);
  if (cursor.place() !== 0) throw source.unknown('bytes of someone else in front');
  cursor.skip(version < 2 ? 4 * source.addressBytes : 2 * source.addressBytes);
  return new Hdf5Object(source, cursor.place(), '');
}

/** A group or a dataset. */
export class Hdf5Object {
  /** The path from the root, without a slash at its beginning. */
  readonly path: string;
  readonly #source: Source;
  readonly #address: number;
  readonly #messages: readonly Message[];
  #attributes: ReadonlyMap<string, readonly string[]> | undefined;
  #links: ReadonlyMap<string, number> | undefined;

  constructor(source: Source, address: number, path: string) {
    this.#source = source;
    this.#address = address;
    this.path = path;
    this.#messages = readHeader(source, address);
  }

  get file(): string {
    return this.#source.file;
  }

  /** Tells objects apart: two links may lead to one object. */
  get address(): number {
    return this.#address;
  }

  /** The texts of an attribute; `undefined` if there is none, or if it is of another type. */
  attribute(name: string): readonly string[] | undefined {
    this.#attributes ??= readAttributes(this.#source, this.#messages);
    return this.#attributes.get(name);
  }

  /** The objects in a group; none in a dataset. */
  *children(): Iterable<Hdf5Object> {
    for (const [name, address] of this.#read()) yield new Hdf5Object(this.#source, address, this.#pathOf(name));
  }

  /** An object below this one. @param path names with slashes between them @returns `undefined` if there is none */
  child(path: string): Hdf5Object | undefined {
    let found: Hdf5Object = this;
    for (const name of path.split('/')) {
      const address = found.#read().get(name);
      if (address === undefined) return undefined;
      found = new Hdf5Object(this.#source, address, found.#pathOf(name));
    }
    return found;
  }

  #pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}/${name}`;
  }

  #read(): ReadonlyMap<string, number> {
    this.#links ??= readLinks(this.#source, this.#messages);
    return this.#links;
  }

  /** Whether it is a dataset, not a group. */
  get isDataset(): boolean {
    return this.#messages.length > 0 && messageAt(this.#source, this.#messages, 'layout') !== undefined;
  }

  /** The values of a dataset in rows, as they are stored, which may share the file's memory. */
  values(): { readonly type: ElementType; readonly shape: readonly number[]; readonly bytes: Uint8Array } {
    const source = this.#source;
    const [typeAt, shapeAt, layout] = (['datatype', 'dataspace', 'layout'] as const).map((kind) => messageAt(source, this.#messages, kind));
    if (typeAt === undefined || shapeAt === undefined || layout === undefined) throw source.wrong(`"${this.path}" is no dataset`);
    const [type, shape] = [readType(typeAt), readShape(shapeAt)];
    const length = sizeOf(shape) * type.bytes;
    const version = layout.version(3, 4);
    const kind = layout.whole(1);
    if (length === 0) return { type, shape, bytes: new Uint8Array(0) };
    if (kind === 2) {
      if (version === 4) throw source.unknown(`"${this.path}" in chunks of HDF5 1.10`);
      const rank = layout.whole(1) - 1;
      const tree = layout.place();
      const chunk = Array.from({ length: Math.max(0, rank) }, () => layout.whole(4));
      const filtersAt = messageAt(source, this.#messages, 'filters');
      const filters = filtersAt === undefined ? [] : readFilters(filtersAt);
      return { type, shape, bytes: readChunks(source, { shape, elementBytes: type.bytes, chunk, tree, filters }) };
    }
    if (kind > 2) throw source.unknown(`"${this.path}" in other files`);
    const stored = kind === 0 ? layout.whole(2) : length;
    const start = kind === 0 ? layout.at : layout.address();
    if (start === undefined || stored < length) throw source.wrong(`the values of "${this.path}" are not in it`);
    source.spend(length);
    return { type, shape, bytes: source.slice(start, length) };
  }
}
