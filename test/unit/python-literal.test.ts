/** Literals as Python 3's `str()` writes them, and texts that are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { readUltralytics } from '../../src/formats/onnx/ultralytics.js';
import { type PythonValue, readPythonLiteral } from '../../src/formats/python-literal.js';

const read = (text: string): PythonValue => readPythonLiteral(text, 'A text');
const refused = (message: RegExp) => expect.objectContaining({ code: 'model-format', message: expect.stringMatching(message) });

describe('a literal of Python', () => {
  it.each<[text: string, value: PythonValue]>([
    ['[640, 640]', [640, 640]],
    [
      "{0: 'person', 1: 'bicycle'}",
      new Map([
        [0, 'person'],
        [1, 'bicycle'],
      ]),
    ],
    [
      `{0: "dog's bed", 1: 'a "b"', 2: '\\'"'}`,
      new Map([
        [0, "dog's bed"],
        [1, 'a "b"'],
        [2, '\'"'],
      ]),
    ],
    ["'\\\\ \\n \\t \\r \\x7f \\u00a0 \\U0001f600 ü'", '\\ \n \t \r \x7f \u00a0 😀 ü'],
    ['(17, 3)', [17, 3]],
    ['(1,)', [1]],
    ['()', []],
    ['{}', new Map()],
    ['-3', -3],
    ['2.5', 2.5],
    ['1e-05', 1e-5],
    [' True ', true],
    [
      "{'a': None, 'b': [False, {'c': ()}]}",
      new Map<string, PythonValue>([
        ['a', null],
        ['b', [false, new Map([['c', []]])]],
      ]),
    ],
    ["{'__proto__': 1}", new Map([['__proto__', 1]])],
  ])('%s', (text, value) => expect(read(text)).toEqual(value));

  it.each([
    ['', 'at character 0 a literal of Python is wanted'],
    ["__import__('os').system('x')", 'at character 0'],
    ['[1, 2', '"," or "]" is wanted'],
    ['[1 2]', 'at character 3 "," or "]"'],
    ['[,]', 'at character 1'],
    ["{'a' 1}", '":" is wanted'],
    ['{[1]: 2}', 'a key that is a text or a whole number'],
    ['{1.5: 2}', 'a key that is a text or a whole number'],
    ["'abc", 'the rest of a text'],
    ["'a\nb'", 'the rest of a text'],
    ["'\\q'", 'the rest of a text'],
    ["'\\U00110000'", 'the rest of a text'],
    ['1 + 1', 'its end'],
    ['01', 'its end'],
    ['nan', 'a literal of Python'],
    ['1e999', 'a literal of Python'],
    ["b'x'", 'a literal of Python'],
    ['true', 'a literal of Python'],
    ['['.repeat(100_000), 'no more than 16 lists and dicts in each other'],
    [' '.repeat(2 ** 22 + 1), 'the limit is 4194304'],
  ])('%.40s is none', (text, message) => expect(() => read(text)).toThrow(refused(new RegExp(message.replace(/[[\]]/g, '\\$&')))));

  it('is read back, whatever stands in it, and nothing else comes of any text', () => {
    const { literal } = fc.letrec<{ literal: PythonValue }>((tie) => ({
      literal: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('literal'), { maxLength: 4 }),
        fc.array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie('literal')), { maxLength: 4 }).map((entries) => new Map(entries)),
      ),
    }));
    const seeded = { seed: 20261129, numRuns: 500 };
    fc.assert(
      fc.property(literal, (value) => {
        expect(read(written(value))).toEqual(value);
      }),
      seeded,
    );
    fc.assert(
      fc.property(
        literal,
        fc.nat(),
        fc.string({ unit: fc.constantFrom(...'[](){}\'",:\\ue1-. T'), maxLength: 3 }),
        (value, place, stain) => {
          const text = written(value);
          const at = place % (text.length + 1);
          try {
            read(text.slice(0, at) + stain + text.slice(at + 1));
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(PannierError);
          }
        },
      ),
      seeded,
    );
  });

  it('takes time that grows with its length', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `${index}: 'class ${index}'`);
    expect((read(`{${names.join(', ')}}`) as ReadonlyMap<number, string>).get(99_999)).toBe('class 99999');
    expect(read(`'${'a'.repeat(2 ** 21)}'`)).toHaveLength(2 ** 21);
    expect(() => read(`'${"\\'".repeat(2 ** 20)}`)).toThrow(refused(/the rest of a text/));
  });
});

/** A literal as Python writes it, with every character but plain ones escaped. */
function written(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const escaped = [...value].map((each) =>
      /[\w ]/.test(each) ? each : `\\U${(each.codePointAt(0) as number).toString(16).padStart(8, '0')}`,
    );
    return `'${escaped.join('')}'`;
  }
  if (value instanceof Map) return `{${[...value].map(([key, each]) => `${written(key)}: ${written(each)}`).join(', ')}}`;
  return `[${(value as readonly PythonValue[]).map(written).join(', ')}]`;
}

describe('the metadata of Ultralytics', () => {
  const of = (fields: Record<string, string>) => readUltralytics(new Map(Object.entries({ author: 'Ultralytics', ...fields })));

  it('is known by its author, or by a stride and names', () => {
    expect(
      readUltralytics(
        new Map([
          ['author', 'someone'],
          ['names', "['a']"],
        ]),
      ),
    ).toBeUndefined();
    expect(
      readUltralytics(
        new Map([
          ['stride', '32'],
          ['names', "['a']"],
        ]),
      ),
    ).toMatchObject({ task: undefined, names: ['a'], problems: [] });
  });

  it('has names by index, sizes of height and width, and points', () => {
    expect(
      of({ task: 'pose', names: "{1: 'b', 0: 'a'}", imgsz: '[480, 640]', kpt_shape: '[17, 3]', kpt_names: "{0: ['nose']}" }),
    ).toMatchObject({
      ...{ task: 'pose', names: ['a', 'b'], size: { height: 480, width: 640 }, points: [17, 3], pointNames: ['nose'], problems: [] },
    });
    expect(of({ imgsz: '320' })).toMatchObject({ size: { height: 320, width: 320 } });
  });

  it.each([
    ['names', "{0: 'a', 2: 'b'}", /^The metadata names is not a name for each class from 0 on/],
    ['names', '[]', /^The metadata names is not/],
    ['names', '[1]', /^The metadata names is not/],
    ['names', `['${'a'.repeat(1025)}']`, /^The metadata names is not/],
    ['names', 'exec()', /^The metadata names is no literal of Python.*It is passed over/],
    ['imgsz', '[640]]', /^The metadata imgsz is no literal/],
    ['imgsz', '[0, 1]', /^The metadata imgsz is not a height and a width/],
    ['imgsz', '[1, 2, 3]', /^The metadata imgsz is not/],
    ['kpt_shape', '[17, 4]', /^The metadata kpt_shape is not/],
    ['kpt_shape', "{'a': 1}", /^The metadata kpt_shape is not/],
    ['kpt_names', '1', /^The metadata kpt_names is not names of points/],
  ])('passes %s over if it is %s', (key, text, problem) => expect(of({ [key]: text })?.problems).toEqual([expect.stringMatching(problem)]));

  it('takes no task that it does not know, and no license of NUL or without end', () => {
    expect(of({ task: '__proto__', license: 'a\0b' })).toMatchObject({ task: undefined, license: undefined });
    expect(of({ license: 'x'.repeat(2 ** 17) })?.license).toBeUndefined();
  });
});
