/** Files on the command line to what the inputs of a model take: numbers, little-endian bytes, rows and pictures, told by their place. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InputNeed, readFeeds } from '../../apps/cli/inputs.js';
import { scratch } from '../fixtures/models.js';

const folder = scratch();

function file(name: string, content: string | NodeJS.ArrayBufferView): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const need = (name: string, dtype: InputNeed['dtype'], shape: InputNeed['shape'], more: Partial<InputNeed> = {}): InputNeed => ({
  ...{ name, dtype, shape, isPicture: false, columns: undefined },
  ...more,
});
const FIRST = need('first', 'float32', [null, 3]);
const SECOND = need('second', 'int32', [null, 3]);
const PHOTO = need('photo', 'float32', [1, 192, 192, 3], { isPicture: true });
const TABLE = need('features', 'float32', [null, 5], { columns: ['rooms', 'area', 'city'] });

const a = file('a.json', '[[1, 2, 3], [4.5, -5, 1e-3]]');
const b = file('b.bin', Int32Array.of(10, 20, 30, 40, 50, 60));
const picture = file('photo.png', Uint8Array.of(1, 2, 3));

const read = (needs: readonly InputNeed[], inputs: readonly string[], image?: string) => readFeeds({ image, inputs }, needs);

describe('values', () => {
  it('are numbers in JSON, in any nesting, and little-endian bytes', async () => {
    const [first, second] = await read([FIRST, SECOND], [`second=${b}`, `first=${a}`]);
    expect(first).toMatchObject({ kind: 'values', name: 'first', dtype: 'float32', shape: [2, 3] });
    expect([...new Float32Array(first!.bytes.buffer)]).toEqual([1, 2, 3, 4.5, -5, Math.fround(1e-3)]);
    expect(second).toMatchObject({ kind: 'values', name: 'second', dtype: 'int32', shape: undefined });
    expect([...second!.bytes.filter((_, index) => index % 4 === 0)]).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('that are flat have no shape of their own', async () => {
    expect(await read([FIRST], [`first=${file('flat.json', '[1, 2, 3]')}`])).toMatchObject([{ kind: 'values', shape: undefined }]);
    expect(await read([need('one', 'float32', [])], [`one=${file('one.json', '5')}`])).toMatchObject([
      { kind: 'values', shape: undefined },
    ]);
  });

  it('of bool are true, false, 0 or 1', async () => {
    const [flags] = await read([need('flags', 'bool', [4])], [`flags=${file('flags.json', '[true, false, 1, 0]')}`]);
    expect([...flags!.bytes]).toEqual([1, 0, 1, 0]);
    await expect(read([need('flags', 'bool', [1])], [`flags=${file('two.json', '[2]')}`])).rejects.toThrow(
      /two\.json\[0\] is 2, which is no bool/,
    );
  });
});

it('rows of a table are left to the library, one or many; numbers of a table are values', async () => {
  const row = '{ "rooms": 6, "area": 2, "city": "Bern" }';
  for (const [name, json] of [
    ['row.json', row],
    ['rows.json', `[${row}, ${row}]`],
  ] as const)
    expect(await read([TABLE], [`features=${file(name, json)}`])).toMatchObject([
      { kind: 'rows', name: 'features', bytes: Buffer.from(json) },
    ]);
  expect(await read([TABLE], [`features=${file('values.json', '[[1, 2, 1, 0, 0]]')}`])).toMatchObject([{ kind: 'values', shape: [1, 5] }]);
});

describe('a picture', () => {
  it('goes to the input that takes one, whatever the file is called', async () => {
    const odd = file('picture.json', Uint8Array.of(4, 5));
    expect(await read([FIRST, PHOTO], [`first=${a}`], picture)).toMatchObject([
      { kind: 'values' },
      { kind: 'picture', bytes: Buffer.from([1, 2, 3]) },
    ]);
    expect(await read([PHOTO], [], odd)).toMatchObject([{ kind: 'picture', bytes: Buffer.from([4, 5]) }]);
  });

  it('is given by its name too, and where a picture goes numbers may go', async () => {
    expect(await read([PHOTO], [`photo=${picture}`])).toMatchObject([{ kind: 'picture' }]);
    expect(await read([PHOTO], [`photo=${file('pixels.json', '[1]')}`])).toMatchObject([{ kind: 'values', dtype: 'float32' }]);
    const other = { ...PHOTO, name: 'other' };
    expect(await read([PHOTO, other], [`photo=${picture}`], picture)).toMatchObject([
      { name: 'photo' },
      { name: 'other', kind: 'picture' },
    ]);
  });
});

it.each<[string, readonly InputNeed[], readonly string[], string | undefined, string, RegExp]>([
  [
    'none for some name',
    [FIRST, SECOND],
    [],
    undefined,
    'input',
    /^Nothing is given for "first" \(float32 \[\?, 3\]\), "second" \(int32 \[\?, 3\]\)\. Add --input first=FILE --input second=FILE\./,
  ],
  [
    'none for a picture',
    [PHOTO],
    [],
    undefined,
    'input',
    /Nothing is given for "photo" \(float32 \[1, 192, 192, 3\], or a picture\)\. Add --image FILE\./,
  ],
  ['none for rows', [TABLE], [], undefined, 'input', /"features" \(float32 \[\?, 5\], or rows of rooms, area, city\)/],
  ['for an unknown name', [FIRST], ['no=x.json'], undefined, 'input', /^The model has no input "no"\. It takes "first"/],
  ['for a name twice', [FIRST], [`first=${a}`, `first=${a}`], undefined, 'options', /^--input gives "first" twice\./],
  ['without a name', [FIRST], [a], undefined, 'options', /^--input is ".*a\.json"; NAME=FILE is wanted\./],
  ['a picture for numbers', [FIRST], [`first=${a}`], picture, 'input', /^--image has no input to go to\. The model takes "first"/],
  [
    'a picture for two inputs',
    [PHOTO, { ...PHOTO, name: 'other' }],
    [],
    picture,
    'input',
    /^--image could go to "photo" .* or "other" .*; say which/,
  ],
  ['a file that is not there', [FIRST], ['first=gone.json'], undefined, 'options', /^gone\.json cannot be read: ENOENT/],
  ['a folder', [FIRST], [`first=${folder}`], undefined, 'options', /cannot be read: it is not a regular file/],
  [
    'a file of no known kind',
    [FIRST],
    ['first=LICENSE'],
    undefined,
    'input',
    /takes numbers: a \.json file of them, or a \.bin file .*LICENSE is neither/,
  ],
  [
    'bytes of half a value',
    [FIRST],
    [`first=${file('half.bin', new Uint8Array(6))}`],
    undefined,
    'input',
    /half\.bin has 6 bytes, no whole number of float32 values of 4 bytes/,
  ],
  [
    'a ragged array',
    [SECOND],
    [`second=${file('ragged.json', '[[1, 2, 3], [4, 5]]')}`],
    undefined,
    'input',
    /ragged\.json\[1\] should be an array of 3/,
  ],
  [
    'a value of another type',
    [SECOND],
    [`second=${file('odd.json', '[[1, 2, 0.5]]')}`],
    undefined,
    'input',
    /odd\.json\[0\]\[2\] is 0\.5, which is no int32 for input "second"/,
  ],
  [
    'a text for a number',
    [FIRST],
    [`first=${file('text.json', '["1"]')}`],
    undefined,
    'input',
    /text\.json\[0\] is "1", which is no float32/,
  ],
  ['half a JSON', [FIRST], [`first=${file('broken.json', '[[1, 2,')}`], undefined, 'input', /broken\.json is no JSON/],
])('%s is an error', async (_what, needs, inputs, image, code, message) => {
  await expect(read(needs, inputs, image)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
