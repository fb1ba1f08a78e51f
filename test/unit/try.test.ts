/** The page of `pannier try`, without a page: what it guesses, what it reads, what it writes for people to copy. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { exampleRows, readColumnRows } from '../../apps/try/column-rows.js';
import { configText } from '../../apps/try/config-text.js';
import { guessDrawing, UNGUESSED } from '../../apps/try/guess.js';
import { readLiteral } from '../../apps/try/literal.js';
import { numbersOf, packRequest } from '../../apps/try/pack-request.js';
import { type ProgramOutput, programText } from '../../apps/try/program-text.js';
import { randomRows, readRows } from '../../apps/try/rows.js';
import { sourceOf } from '../../apps/try/source-text.js';
import { startState } from '../../apps/try/state.js';
import type { InputFace, OutputFace } from '../../apps/try/wire.js';
import type { Tensor } from '../../src/index.js';

const tensor = (shape: readonly number[], fill: (index: number) => number): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => fill(index)),
});
const unit = (index: number) => (index % 97) / 100;
const pixels = (index: number) => (index * 31) % 200;
const around = (index: number) => (index % 13) - 6;

describe('the guess of a drawing', () => {
  const guess = (one: Tensor, others: readonly Tensor[] = [], hasPicture = true) =>
    guessDrawing(
      { node: 'one', tensor: one },
      { all: [{ node: 'one', tensor: one }, ...others.map((other, index) => ({ node: `other${index}`, tensor: other }))], hasPicture },
    );

  it.each<[string, Tensor, object]>([
    ['MoveNet', tensor([1, 1, 17, 3], unit), { kind: 'keypoints', columns: 'y x score', normalized: true }],
    ['points in pixels', tensor([1, 21, 3], pixels), { kind: 'keypoints', columns: 'x y z', normalized: false }],
    ['a face, flat', tensor([1, 1404], pixels), { kind: 'keypoints', columns: 'x y z', normalized: false }],
    ['a mask', tensor([1, 256, 256, 1], unit), { kind: 'mask', channel: 0 }],
    ['background and person', tensor([1, 144, 256, 2], unit), { kind: 'mask', channel: 1 }],
    ['a grid without channels', tensor([1, 64, 48], unit), { kind: 'mask', channel: 0 }],
    ['depth', tensor([1, 64, 64, 1], pixels), { kind: 'heat' }],
    ['heat maps', tensor([1, 23, 17, 17], unit), { kind: 'heat', channel: 0 }],
    ['probabilities', tensor([1, 1000], unit), { kind: 'classes', values: 'probabilities' }],
    ['logits', tensor([1, 10], around), { kind: 'classes', values: 'logits' }],
    ['rows of six', tensor([1, 100, 6], pixels), { kind: 'boxes', columns: 'x0 y0 x1 y1 score class', normalized: false }],
    ['one number', tensor([1, 1], around), { kind: 'table' }],
    ['nothing', tensor([1, 0, 4], unit), { kind: 'table' }],
    ['scores of many boxes', tensor([1, 2034, 91], unit), { kind: 'heat' }],
  ])('%s', (_what, one, wanted) => expect(guess(one)).toMatchObject(wanted));

  it('reads boxes by the layout that the model was packed with', () => {
    const layout = { columns: ['cx', 'cy', 'w', 'h'], classes: 2, boxesLast: true } as const;
    const packed = { ...tensor([1, 6, 84], pixels), layout };
    expect(guess(packed)).toEqual({ kind: 'boxes', columns: '' });
    expect(guess(packed, [], false).kind).not.toBe('boxes');
  });

  it('of boxes looks for their scores', () => {
    const boxes = tensor([1, 100, 4], unit);
    expect(guess(boxes, [tensor([1], unit), tensor([1, 100], unit)])).toMatchObject({ kind: 'boxes', scores: 'other1', normalized: true });
    expect(guess(boxes, [tensor([1, 100, 91], unit)])).toMatchObject({ kind: 'boxes', scores: 'other0' });
    expect(guess(boxes, [tensor([1, 50], unit)]).kind).not.toBe('boxes');
  });

  it('draws on no picture where there is none', () => {
    expect(guess(tensor([1, 17, 3], unit), [], false)).toEqual({ kind: 'table' });
    expect(guess(tensor([1, 64, 64, 1], unit), [], false)).toMatchObject({ kind: 'heat' });
    expect(guess(tensor([1, 3], around), [], false)).toEqual({ kind: 'table' });
    expect(guess(tensor([1, 3], unit), [], false)).toMatchObject({ kind: 'classes' });
  });
});

describe('rows', () => {
  const read = (text: string, shape: readonly (number | null)[] | null = [null, 3], dtype: Parameters<typeof readRows>[1] = 'float32') => {
    const { data, shape: sizes } = readRows(text, dtype, shape);
    return [[...data], sizes];
  };

  it.each<[string, string]>([
    ['CSV with a heading', 'rooms, area, year\n1,2,3\n4,5,6\n'],
    ['a spreadsheet', '1\t2\t3\r\n4\t5\t6'],
    ['semicolons and spaces', '1; 2; 3\n 4  5 6 '],
    ['JSON', '[[1, 2, 3], [4, 5, 6]]'],
    ['flat JSON', '[1,2,3,4,5,6]'],
  ])('are read from %s', (_what, text) =>
    expect(read(text)).toEqual([
      [1, 2, 3, 4, 5, 6],
      [2, 3],
    ]),
  );

  it('take the shape that the model leaves open', () => {
    expect(read('1 2 3', [1, 3])).toEqual([
      [1, 2, 3],
      [1, 3],
    ]);
    expect(read('1 2\n3 4', [null, null])[1]).toEqual([2, 2]);
    expect(read('1 2 3 4', [null, null])[1]).toEqual([1, 4]);
    expect(read('1 2\n3 4', null)[1]).toEqual([2, 2]);
    expect(read('7', [])).toEqual([[7], []]);
    expect(read('true false', [2], 'bool')).toEqual([[1, 0], [2]]);
    expect(read('[[[1],[2]]]', [1, null, 1])[1]).toEqual([1, 2, 1]);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '  ', /Type or paste numbers: 3 numbers, or several times as many, \[\?, 3\]/],
    ['too few', '1, 2', /These are 2 numbers in the shape \[2\]; the model takes 3 numbers/],
    ['ragged lines', 'a,b,c\n1,2,3\n4,5', /Line 3 has 2 numbers; the first has 3/],
    ['words', '1,2,3\n4,five,6', /Line 2 has "five", which is no number/],
    ['broken JSON', '[[1, 2', /This cannot be read/],
    ['ragged JSON', '[[1, 2, 3], [4]]', /\[1\] should be an array of 3/],
    ['texts in JSON', '[["1", 2, 3]]', /\[0\]\[0\] is no number/],
  ])('that are %s are refused in words', (_what, text, message) => expect(() => read(text)).toThrow(message));

  it('hold what the dtype holds', () => {
    expect(() => read('1 2 2.5', [3], 'int32')).toThrow('Number 3 is 2.5, which is no int32.');
    expect(() => read('1 0 2', [3], 'bool')).toThrow('Number 3 is 2, which is no bool.');
  });

  it('can be random: of the shape, the same for a seed', () => {
    const text = randomRows('float32', [2, 3], 1);
    expect(readRows(text, 'float32', [2, 3]).data).toHaveLength(6);
    expect(randomRows('float32', [2, 3], 1)).toBe(text);
    expect(randomRows('float32', [2, 3], 2)).not.toBe(text);
    expect(readRows(randomRows('int32', [4], 3), 'int32', [4]).data).toHaveLength(4);
  });
});

describe('rows of columns', () => {
  const columns = [
    { name: 'area', mean: 100, std: 20 },
    { name: 'kind', categories: ['house', 'two rooms'], encode: 'one-hot' },
    { name: 'floor', categories: [0, 1], encode: 'index' },
  ] as const;
  const wanted = [
    { area: 120, kind: 'two rooms', floor: 1 },
    { area: 80.5, kind: 'house', floor: 0 },
  ];

  it.each<[string, string]>([
    ['a table in order', '120, two rooms, 1\n80.5, "house", 0'],
    ['a table with a heading in another order', 'kind\tfloor\tarea\ntwo rooms\t1\t120\nhouse\t0\t80.5\n'],
    ['JSON', JSON.stringify(wanted)],
  ])('are read from %s', (_what, text) => expect(readColumnRows(text, columns)).toEqual(wanted));

  it('are one row too, and what is no number is left for predict to refuse', () => {
    expect(readColumnRows(JSON.stringify(wanted[0]), columns)).toEqual([wanted[0]]);
    expect(readColumnRows('much, castle, 7', columns)).toEqual([{ area: 'much', kind: 'castle', floor: '7' }]);
    expect(() => readColumnRows('', columns)).toThrow('Type or paste rows of area, kind, floor.');
    expect(() => readColumnRows('area,kind,floor\n1,house', columns)).toThrow('Line 2 has 2 cells; area, kind, floor are 3.');
    expect(() => readColumnRows('area,kind,floor', columns)).toThrow('no row below it');
    expect(() => readColumnRows('[{', columns)).toThrow('This cannot be read');
  });

  it.each([
    ['area,kind,level\n1,house,0', 'The header has level; wanted floor.'],
    ['area,kind\n1,house', 'The header lacks floor.'],
    ['area,kind,floor,id\n1,house,0,7', 'The header has id; no column is called so.'],
  ])('with the heading of %j are refused by its names', (text, message) => expect(() => readColumnRows(text, columns)).toThrow(message));

  it('may hold the name of a column', () => {
    const own = [{ name: 'kind', categories: ['kind', 'rude'], encode: 'index' }, columns[0]] as const;
    expect(readColumnRows('kind, 3', own)).toEqual([{ kind: 'kind', area: 3 }]);
  });

  it('made up ones fit', () => {
    const rows = readColumnRows(exampleRows(columns, 3, 1), columns);
    expect(rows).toHaveLength(3);
    for (const { area, kind, floor } of rows) {
      expect(area).toBeTypeOf('number');
      expect(['house', 'two rooms']).toContain(kind);
      expect([0, 1]).toContain(floor);
    }
  });

  it('are in the program as objects', () => {
    expect(programText({ name: 'm', inputs: [{ name: 'x', dtype: 'float32', rows: wanted }], outputs: [] })).toContain(
      "predict({\n  x: [{ area: 120, kind: 'two rooms', floor: 1 }, { area: 80.5, kind: 'house', floor: 0 }],\n});",
    );
  });
});

describe('a pasted literal', () => {
  it.each([
    `[{ name: 'rooms', mean: -3.4, std: 1.2e1 }, { "na me": "it's", on: true, off: null, },]`,
    `const columns = [ // a list
  { name: 'a', /* of */ categories: ['say "x"', 'it\\'s', 'tab\\t', .5] },
];`,
  ])('is what JavaScript makes of it: %j', (text) => {
    const expression = text.replace(/^const columns = |;$/g, '');
    expect(readLiteral(text)).toEqual(JSON.parse(JSON.stringify(runInNewContext(`(${expression})`))));
  });

  it('is the array of the guide', () => {
    const [, array = ''] = readFileSync('docs/preprocessing.md', 'utf8').match(/^const columns = (\[[\s\S]*?^\]);/m) ?? [];
    expect(readLiteral(array)).toEqual([
      { name: 'rooms', mean: 3.4, std: 1.2 },
      { name: 'city', categories: ['Bern', 'Chur', 'Thun'] },
    ]);
  });

  it.each([
    ["[{ name: 'a'\n mean: 1 }]", 'in line 2 there is mean, wanted is "," or "}"'],
    ['[{ name: area }]', 'in line 1 there is area, wanted is a value: a text in quotes'],
    ['[1, 2', 'the text ends, wanted is "," or "]"'],
    ['[1 / 255]', 'there is /, wanted is "," or "]"'],
    ['[alert(1)]', 'there is alert, wanted is a value'],
    ['[1] [2]', 'there is [, wanted is the end'],
    ['[,]', 'there is ,, wanted is a value'],
    ["['open]", "there is ', wanted is a value"],
    ['', 'the text ends, wanted is a value'],
    ['['.repeat(60), 'there is [, wanted is at most 50 brackets in brackets'],
  ])('%j is refused in words', (text, message) =>
    expect(() => readLiteral(text)).toThrow(`This cannot be read: ${message.startsWith('in') ? '' : 'in line 1 '}${message}`),
  );

  it('sets no prototype', () => {
    const read = readLiteral("{ __proto__: { name: 'x' } }") as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(['__proto__']);
  });
});

const PICTURE: InputFace = { node: 'input', name: 'input', dtype: 'float32', shape: [1, null, 224, 3] };
const start = (inputs: readonly InputFace[] = [PICTURE], outputs: readonly OutputFace[] = [{ node: 'Identity', name: 'identity' }]) =>
  startState({ kind: 'file', model: 'raw/model.json', backend: 'auto', name: 'pose', inputs, outputs }, 'pose', inputs, outputs);

describe('the config', () => {
  it('says what the page says, and no defaults', () => {
    const state = start();
    const [input, output] = [state.inputs[0]!, state.outputs[0]!];
    expect(packRequest(state)).toEqual({ name: 'pose', inputs: { input: { image: { height: 256 } } } });
    input.name = 'photo';
    Object.assign(input.picture!, { range: 'minusOneToOne', channels: 'bgr', fit: 'cover' });
    Object.assign(output, { name: 'scores', kind: 'classes', labels: 'cat\ndog\n', values: 'logits' });
    expect(configText(state)).toBe(`import { defineConfig } from 'pannier/pack';

export default defineConfig({
  models: {
    pose: {
      model: 'raw/model.json',
      out: 'src/models/pose',
      inputs: {
        input: {
          name: 'photo',
          image: { height: 256, fit: 'cover', channels: 'bgr', scale: 1 / 127.5, offset: -1 },
        },
      },
      outputs: { Identity: { name: 'scores', labels: ['cat', 'dog'], values: 'logits' } },
    },
  },
});
`);
  });

  it('says an own scale or offset as it was typed where that is no number', () => {
    const of = (scale: string, offset: string) => {
      const state = start();
      Object.assign(state.inputs[0]!.picture!, { range: 'own', scale, offset });
      return state;
    };
    const sent = (state: ReturnType<typeof of>) => JSON.parse(JSON.stringify(packRequest(state))).inputs.input.image;
    expect(sent(of('abc', '1, x'))).toEqual({ height: 256, scale: 'abc', offset: '1, x' });
    expect(configText(of('abc', '1/0'))).toContain("image: { height: 256, scale: 'abc', offset: '1/0' }");
    expect(sent(of('', ' '))).toEqual({ height: 256, scale: '', offset: ' ' });
    expect(sent(of('1/4', '1 2 3'))).toEqual({ height: 256, scale: 0.25, offset: [1, 2, 3] });
  });

  it('knows layouts, and sizes that are open', () => {
    const planes: InputFace = { node: 'x', name: 'x', dtype: 'float32', shape: [null, 3, 8, 8] };
    const words: InputFace = { node: 'ids', name: 'ids', dtype: 'int32', shape: [null, null] };
    expect(packRequest(start([planes, words])).inputs).toEqual({ x: { image: { layout: 'nchw' } }, ids: { shape: [1, 16] } });
    expect(packRequest(start([{ ...planes, shape: [1, 128] }])).inputs).toBeUndefined();
  });

  it('begins as the file says, of which it leaves out what it does not change', () => {
    const image = { width: 64, height: 64, fit: 'contain', filter: 'bilinear', channels: 'rgb', layout: 'nchw', background: 114 } as const;
    const said = { ...image, scale: [1 / 255, 1 / 255, 1 / 255], offset: [0, 0, 0] };
    const face: InputFace = { node: 'images', name: 'images', dtype: 'float32', shape: [1, 3, null, null], image: said };
    const state = start([face]);
    const { picture } = state.inputs[0]!;
    const sent = () => packRequest(state).inputs?.['images']?.image;
    expect(picture).toMatchObject({ width: 64, height: 64, fit: 'contain' });
    expect(sent()).not.toHaveProperty('fit');
    picture!.fit = 'stretch';
    expect(sent()).toMatchObject({ width: 64, height: 64, fit: 'stretch' });
  });

  it('writes numbers as people do, and each reads back as itself', () => {
    for (const value of [1 / 255, 1 / 127.5, 1 / 58.395, -2.117904, 0.1, 1, 0, 1e-9, Math.PI, -1 / 255])
      expect(runInNewContext(sourceOf(value))).toBe(value);
    expect(sourceOf([1 / 255, 1 / 58.395, 0.5])).toBe('[1 / 255, 1 / 58.395, 0.5]');
    expect(numbersOf('1/255, 2 3')).toEqual([1 / 255, 2, 3]);
    expect(numbersOf('1/2/3, x')).toEqual([Number.NaN, Number.NaN]);
  });

  it('lets no text out of its quotes', () => {
    const hostile = '\'}); throw "\u2028\u202e\\';
    expect(runInNewContext(`(${sourceOf({ [hostile]: [hostile] })})`)).toEqual({ [hostile]: [hostile] });
    expect(sourceOf(hostile)).toMatch(/^[\x20-\x7e]+$/);
    expect(sourceOf('</script>')).toBe("'\\u003c/script>'");
  });
});

describe('the program', () => {
  const output = (name: string, drawing: object, more: Partial<ProgramOutput> = {}): ProgramOutput => ({
    name,
    drawing: { ...UNGUESSED, ...drawing },
    scores: undefined,
    labels: [],
    ...more,
  });
  const program = (outputs: readonly ProgramOutput[], name = 'pose') =>
    programText({ name, inputs: [{ name: 'image', dtype: 'float32' }], outputs });

  it('allows what is not finite where the answer is not', () => {
    const inputs = [{ name: 'x', dtype: 'float32' as const }];
    expect(programText({ name: 'm', inputs, outputs: [], allowsNonFinite: true })).toContain("loadModel(m, { nonFinite: 'allow' });");
    expect(programText({ name: 'm', inputs, outputs: [] })).toContain('loadModel(m);');
  });

  it('names no columns of boxes whose layout is packed', () => {
    expect(program([output('output0', { kind: 'boxes', columns: '' })])).toContain('boxes(outputs.output0, { image: images.image })');
  });

  it('reads as one that a person wrote', () => {
    expect(
      program([output('keypoints', { kind: 'keypoints', columns: 'y x score', normalized: true })]),
    ).toBe(`import { loadModel } from 'pannier';
import { keypoints } from 'pannier/read';
import pose from './models/pose/model.js';

// Put photo.jpg in public/. An <img>, a <video>, a canvas, a file that somebody chose do as well.
const photo = await (await fetch('photo.jpg')).blob();

const model = await loadModel(pose);
const { outputs, images } = await model.predict({ image: photo });

const points = keypoints(outputs.keypoints, {
  columns: ['y', 'x', 'score'],
  normalized: true,
  image: images.image,
});
console.log({ points });
`);
  });

  it('calls each drawing by its function', () => {
    const text = program([
      output('all', { kind: 'boxes', columns: 'x0 y0 x1 y1 -', minScore: 0.5 }, { scores: 'their scores', labels: ['cat'] }),
      output('probs', { kind: 'classes', values: 'logits' }),
      output('labelled', { kind: 'classes', values: 'logits' }, { labels: ['a'] }),
      output('mask', { kind: 'mask', threshold: 0.5, channel: 1 }),
      output('raw', { kind: 'table' }),
      output('more', { kind: 'heat' }),
    ]);
    expect(text).toContain("import { boxes, maskImage, topK } from 'pannier/read';");
    expect(text).toMatch(/columns: \['x0', 'y0', 'x1', 'y1', null\],\n {2}scores: outputs\['their scores'\],\n {2}labels: \['cat'\],/);
    expect(text).toContain("const classes = topK(outputs.probs, { k: 5, values: 'logits' });");
    expect(text).toContain('const classes2 = topK(outputs.labelled, { k: 5 });');
    expect(text).toContain('maskImage(outputs.mask, { channel: 1, threshold: 0.5 })');
    expect(text).toContain('const values = outputs.raw.data;\nconst values2 = outputs.more.data;');
  });

  it('feeds what was typed', () => {
    const values = { data: Float32Array.of(0.1, 2, 3), shape: [1, 3], isShaped: false };
    const given = (more: object) =>
      programText({ name: 'm', inputs: [{ name: 'x', dtype: 'float32', values: { ...values, ...more } }], outputs: [] });
    expect(given({})).toContain('predict({ x: Float32Array.of(0.1, 2, 3) })');
    expect(given({ isShaped: true })).toContain('predict({ x: { data: Float32Array.of(0.1, 2, 3), shape: [1, 3] } })');
    expect(given({ data: new Float32Array(300) })).toContain('new Float32Array(300 /* your values */)');
  });

  it.each(['model', 'class', 'eval', 'arguments', 'undefined', 'topK', '3d', 'photo', 'points', ''])(
    'imports a model called %j under a name that is free',
    (name) => {
      expect(program([output('k', { kind: 'keypoints' })], name)).toMatch(/^import packed from '\.\/models\/[\w-]+\/model\.js';$/m);
    },
  );
});
