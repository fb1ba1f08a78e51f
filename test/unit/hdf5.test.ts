/** HDF5 files as h5py writes them, in its older form and its newer one; `test/fixtures/hdf5/make.py` wrote them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openHdf5 } from '../../src/formats/hdf5/file.js';
import { readVariable } from '../../src/formats/keras/variables.js';

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
