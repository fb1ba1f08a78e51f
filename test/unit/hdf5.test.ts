/** HDF5 files as h5py writes them, in its older form and its newer one; `test/fixtures/hdf5/make.py` wrote them. */
import { readFileSync } from 'node:fs';
import { zlibSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readChunks, readFilters } from '../../src/formats/hdf5/chunks.js';
import { openHdf5 } from '../../src/formats/hdf5/file.js';
import { Source } from '../../src/formats/hdf5/source.js';
import { readKerasArchive } from '../../src/formats/keras/saved-model.js';
import { readVariable } from '../../src/formats/keras/variables.js';
import { LIMITS } from '../../src/formats/limits.js';

const floats = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.slice().buffer)];
const ROWS = Array.from({ length: 10 * 9 }, (_, index) => index);

describe.each(['old', 'new'])('a file in the %s form', (name) => {
  const bytes = new Uint8Array(readFileSync(`test/fixtures/hdf5/${name}.h5`));
  const root = openHdf5(bytes, 'a.h5');
  const weight = (path: string) => readVariable(root.child(`numbers/${path}`)!, path);

  it('has texts as attributes', () => {
    const found = ['text', 'bytes', 'list', 'texts', 'none', 'number', 'absent'].map((attribute) => root.attribute(attribute));
    expect(found).toEqual([['é'.repeat(100)], ['of one length'], ['a', 'longer'], ['a', 'longer'], [], undefined, undefined]);
  });

  it('has many links and attributes', () => {
    const many = root.child('many')!;
    const names = [...many.children()].map(({ path }) => path).sort();
    expect(names).toEqual(Array.from({ length: 10 }, (_, index) => `many/link_${index}`).sort());
    for (let index = 0; index < 10; index++) {
      expect(many.attribute(`attribute_${index}`)).toEqual([String(index)]);
      expect(floats(root.child(`many/link_${index}`)!.values().bytes)).toEqual([7]);
    }
    expect(root.child('many/link_10')).toBeUndefined();
  });

  it.each(['plain', 'filtered'])('%s values', (path) => {
    const { shape, dtype, bytes: values } = weight(path);
    expect({ shape, dtype, values: floats(values) }).toEqual({ shape: [10, 9], dtype: 'float32', values: ROWS });
  });

  it('values of other types', () => {
    expect(weight('half')).toMatchObject({ dtype: 'float32', quantization: { dtype: 'float16' }, bytes: { length: 10 } });
    expect([weight('scalar').shape, floats(weight('scalar').bytes)]).toEqual([[], [5]]);
    expect(['double', 'bfloat16'].map((path) => floats(weight(path).bytes))).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
    expect(weight('whole').dtype).toBe('int32');
    expect([...new Int32Array(weight('whole').bytes.slice().buffer)]).toEqual([-2, -1, 0, 1, 2]);
  });

  it('refuses a filter that it does not know, by its number', () => {
    expect(() => weight('unknown')).toThrow(
      'a.h5 is an HDF5 file with a dataset behind filter 32000 (deflate, shuffle and fletcher32 are known)',
    );
  });

  it('refuses a file that is cut', () => {
    for (const length of [8, 100, 600, 4_000]) {
      const read = () => {
        const cut = openHdf5(bytes.subarray(0, length), 'a.h5');
        for (const group of cut.children()) for (const each of group.children()) if (each.path !== 'numbers/unknown') each.values();
      };
      expect(read).toThrow(/^a\.h5 is a broken HDF5 file of \d+ bytes: .* Was its download or copy cut short\?/);
    }
  });
});

/** Numbers, little-endian, each of as many bytes as stand behind it. */
const numbers = (...pairs: readonly (readonly [value: number, bytes: number])[]): Buffer =>
  Buffer.concat(
    pairs.map(([value, bytes]) => {
      const written = Buffer.alloc(bytes);
      written.writeUIntLE(value, 0, Math.min(bytes, 6));
      return written;
    }),
  );

describe('limits', () => {
  const SIZE = 2 ** 20;

  it('counts the bytes of a deflated dataset once', () => {
    const chunk = zlibSync(new Uint8Array(SIZE));
    // A tree of one leaf, whose key has the bytes of the chunk and the place of its first element.
    const head = [Buffer.from('TREE'), numbers([1, 1], [0, 1], [1, 2], [0, 8], [0, 8])];
    const key = numbers([chunk.length, 4], [0, 4], [0, 8], [0, 8], [56, 8]);
    const source = new Source(Buffer.concat([...head, key, chunk]), 'a.h5');
    const dataset = { shape: [SIZE], elementBytes: 1, chunk: [SIZE], tree: 0, filters: ['deflate'] } as const;
    source.spend(LIMITS.expansionBytes - SIZE);
    expect(readChunks(source, dataset)).toHaveLength(SIZE);
    expect(() => readChunks(source, dataset)).toThrow(/^a\.h5 expands to more than \d+ bytes of values; that is the limit\./);
  });

  it('refuses a filter that is applied twice', () => {
    const deflate = [
      [1, 2],
      [0, 2],
      [0, 2],
    ] as const;
    const source = new Source(numbers([2, 1], [2, 1], ...deflate, ...deflate), 'a.h5');
    expect(() => readFilters(source.at(0))).toThrow('a.h5 is an HDF5 file with a dataset that goes through one filter twice');
  });

  it('refuses a group whose links lead to one object, however many they are', () => {
    const links = 150_000;
    const link = (name: string, address: number): Buffer => {
      const content = Buffer.concat([numbers([1, 1], [0, 1], [name.length, 1]), Buffer.from(name), numbers([address, 8])]);
      return Buffer.concat([numbers([6, 1], [content.length, 2], [0, 1]), content]);
    };
    const header = (messages: Buffer): Buffer =>
      Buffer.concat([Buffer.from('OHDR'), numbers([2, 1], [2, 1], [messages.length, 4]), messages]);
    const superblock = Buffer.concat([
      Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]),
      numbers([2, 1], [8, 1], [8, 1], [0, 1], [0, 8], [0, 8], [0, 8], [44, 8]),
    ]);
    const root = (layers: number): Buffer => header(link('layers', layers));
    const empty = header(Buffer.alloc(0));
    const emptyAt = 44 + root(0).length;
    const one = link('0000000', emptyAt);
    const many = Buffer.alloc(links * one.length, one);
    for (let index = 0; index < links; index++) many.write(String(index).padStart(7, '0'), index * one.length + 7, 'latin1');
    const group = header(many);
    const weights = Buffer.concat([superblock, root(emptyAt + empty.length), empty, group]);
    expect(() => readKerasArchive({ config: Buffer.from('{}'), metadata: undefined, weights }, 'a.keras')).toThrow(
      /of a\.keras's model\.weights\.h5 is too deep, or is another group, too: a circle\./,
    );
  });
});
