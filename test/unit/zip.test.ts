/** Files of zip archives, and what is refused before it takes memory. */
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readZip } from '../../src/formats/zip.js';
import { zip } from '../fixtures/zip.js';

const text = (value: string) => new TextEncoder().encode(value);
const all = () => true;

it('reads stored and deflated files, as far as they are wanted', () => {
  const files = { 'a.json': text('{}'), 'folder/b.bin': new Uint8Array(1_000), 'c.png': text('no'), 'a\u001b[2J.json': text('{}') };
  for (const bytes of [zip(files), zipSync(files)]) {
    const read = readZip(bytes, 'a.zip', (name) => !name.endsWith('.png'));
    expect([...read].map(([name, { length }]) => [name, length])).toEqual([
      ['a.json', 2],
      ['folder/b.bin', 1_000],
    ]);
  }
});

const bomb = zipSync({ 'a.bin': new Uint8Array(200 * 2 ** 20) }, { level: 9 });

/** The archive with another size of its first file in the list of files. */
function lying(bytes: Uint8Array, size: number): Uint8Array {
  const changed = bytes.slice();
  const list = Buffer.from(changed.buffer).lastIndexOf(Buffer.of(0x50, 0x4b, 1, 2));
  new DataView(changed.buffer).setUint32(list + 24, size, true);
  return changed;
}

it('takes no more memory for a file than the list of files says', () => {
  const before = process.memoryUsage().arrayBuffers;
  expect(readZip(lying(bomb, 1_000), 'a.zip', all).get('a.bin')).toHaveLength(1_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

describe('refuses', () => {
  it('an archive that expands to more than four times its size and 128 MiB', () => {
    expect(bomb.length).toBeLessThan(2 ** 19);
    expect(() => readZip(bomb, 'a.zip', all)).toThrow(/^a\.zip expands to more than \d+ bytes; that is the limit\./);
    expect(readZip(bomb, 'a.zip', () => false).size).toBe(0);
  });

  it('one whose list says more than it has', () => {
    const message = 'a.zip is a broken zip archive: a file in it has not the size that it lists.';
    expect(() => readZip(lying(zipSync({ 'a.bin': new Uint8Array(1_000) }), 2_000), 'a.zip', all)).toThrow(message);
  });

  it.each([
    ['bytes that are no archive', text('PK\x03\x04')],
    ['an archive that is cut', zipSync({ 'a.bin': new Uint8Array(100) }).subarray(0, 60)],
  ])('%s', (_, bytes) => expect(() => readZip(bytes, 'a.zip', all)).toThrow(/^a\.zip is a broken zip archive: .* Was its download/));
});
