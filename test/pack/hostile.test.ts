/** Broken and hostile models (reliability plan, rows B1 to B9): one typed line each, and nothing written. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { pack } from '../../src/pack/index.js';
import { addModel, constant, loopModel, op, type RawModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { LONG_MS, runs } from '../tier.js';

const folder = scratch();
let count = 0;

/** Packs a model that must be refused. @returns the message, one line, with nothing written */
async function refusal(model: string | RawModel, code = 'model-format'): Promise<string> {
  const place = join(folder, `case-${count++}`);
  const out = join(place, 'out');
  const path = typeof model === 'string' ? model : writeModel(model, place);
  const thrown = await pack({ model: path, out }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PannierError);
  expect(thrown).toMatchObject({ code });
  expect(existsSync(out)).toBe(false);
  const { message } = thrown as PannierError;
  expect(message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  return message;
}

/** A model.json of the given text. */
function rawJson(content: string | Uint8Array): string {
  const path = join(folder, `raw-${count++}.json`);
  writeFileSync(path, content);
  return path;
}

/** The add model after one change. */
function broken(change: (model: RawModel, weight: Record<string, unknown>) => void): RawModel {
  const model = addModel();
  change(model, model.json.weightsManifest[0]?.weights[0] as Record<string, unknown>);
  return model;
}

describe('B1: model.json is no JSON, or too much of it', () => {
  it.each([
    ['empty', '', /is empty\. Was its download or copy cut short\?/],
    ['blank', ' ', /not valid JSON: Unexpected end/],
    ['text that moves a cursor', 'a\u001b[2J\u009b1A\u202e', /is no model that Pannier reads: .* 61 1b 5b 32 4a c2 9b 31/],
    ['JSON that moves a cursor', '{"a": \u001b[2J\u009b1A\u202e}', /not valid JSON: Unexpected token [ -~]*$/],
    ['cut', JSON.stringify(addModel().json).slice(0, -40), /not valid JSON.*\d+ characters/],
    ['an array', '[]', /should be an object, but is an array/],
    ['a byte order mark', '\ufeff{}', /byte order mark \(offset 0\)/],
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), /not UTF-8/],
    ['deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, /nests more than 64 levels deep at offset 64/],
    ['of another format', '{"format":"tflite"}', /"tflite"; a TF.js graph-model or layers-model is wanted/],
    ['a long text', JSON.stringify({ a: 'x'.repeat(70_000) }), /text of 70000 characters; the limit is 65536/],
  ])('%s', async (_what, content, message) => expect(await refusal(rawJson(content))).toMatch(message));

  it('65 MB, without reading it', async () => {
    const path = rawJson('{');
    execFileSync('truncate', ['-s', '65M', path]);
    expect(await refusal(path)).toMatch(/68157440 bytes; the limit is 67108864/);
  });
  it('missing', async () => expect(await refusal(join(folder, 'none.json'))).toMatch(/There is no .*none.json; that folder has .*\.json/));
});

describe('B2: weight paths that leave the folder', () => {
  writeFileSync(join(folder, 'outside.bin'), new Uint8Array(16));
  it.each([
    '../outside.bin',
    'a/../../outside.bin',
    '/etc/passwd',
    'C:\\x',
    '%2e%2e/outside.bin',
    'http://x/y',
    'file:///etc/passwd',
    'a\0b',
    '',
    '.',
    '././w.bin',
    './../outside.bin',
    './',
    'a/./b',
    'a//b',
    '..\\outside.bin',
  ])('%j', async (path) =>
    expect(await refusal(broken((model) => Object.assign(model.json.weightsManifest[0] as object, { paths: [path] })))).toMatch(
      /relative path inside the model's folder is wanted/,
    ),
  );

  it(
    'any text joined with traversal',
    async () => {
      const part = fc.constantFrom('..', '.', '', '/', '\\', '%2e', ':', 'w.bin', 'a');
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(part, fc.string({ maxLength: 6 })), { minLength: 1, maxLength: 5 }), async (parts) => {
          const path = `../${parts.join('/')}`;
          await refusal(broken((model) => Object.assign(model.json.weightsManifest[0] as object, { paths: [path] })));
        }),
        { numRuns: runs(10_000, 40) },
      );
    },
    LONG_MS,
  );
});

describe('B3: weight files that are no files', () => {
  /** The add model in a folder where `make` puts w.bin. */
  function placed(make: (path: string, place: string) => void): string {
    const place = join(folder, `placed-${count++}`);
    const path = writeModel({ ...addModel(), files: {} }, place);
    make(join(place, 'w.bin'), place);
    return path;
  }
  it('a link out of the folder', async () => {
    expect(await refusal(placed((path) => symlinkSync(join(folder, 'outside.bin'), path)))).toMatch(
      /w.bin leads out of the model's folder/,
    );
  });
  it('a linked folder', async () => {
    const model = addModel();
    Object.assign(model.json.weightsManifest[0] as object, { paths: ['sub/outside.bin'] });
    const place = join(folder, 'linked');
    const path = writeModel(model, place);
    symlinkSync(folder, join(place, 'sub'));
    expect(await refusal(path)).toMatch(/leads out of the model's folder/);
  });
  it('a device', async () => expect(await refusal(placed((path) => symlinkSync('/dev/zero', path)))).toMatch(/leads out/));
  // Nobody ever writes into it: whoever waits for its other end never comes back.
  it('a pipe', async () => expect(await refusal(placed((path) => execFileSync('mkfifo', [path])))).toMatch(/not a regular file/));
  it('a directory', async () => expect(await refusal(placed((path) => mkdirSync(path)))).toMatch(/not a regular file|EISDIR/));
  it('a model.json that is a device', async () => expect(await refusal('/dev/zero')).toMatch(/not a regular file/));
});

describe('B4 to B6: weights that cannot be', () => {
  it.each<[string, (weight: Record<string, unknown>) => void, RegExp]>([
    ['a negative size', (weight) => Object.assign(weight, { shape: [-4] }), /shape \[-4\]; sizes are whole numbers/],
    ['half a size', (weight) => Object.assign(weight, { shape: [1.5] }), /shape \[1.5\]/],
    ['a huge size', (weight) => Object.assign(weight, { shape: [2 ** 53] }), /shape \[9007199254740992\]/],
    ['a huge product', (weight) => Object.assign(weight, { shape: [65536, 65536, 65536] }), /more than 2147483648 elements/],
    ['rank 9', (weight) => Object.assign(weight, { shape: [1, 1, 1, 1, 1, 1, 1, 1, 4] }), /9 dimensions; the limit is 8/],
    ['no shape', (weight) => Object.assign(weight, { shape: '4' }), /shape "4"; an array of sizes is wanted/],
    ['an unknown dtype', (weight) => Object.assign(weight, { dtype: 'float64' }), /dtype "float64"; float32, int32, bool are known/],
    ['text', (weight) => Object.assign(weight, { dtype: 'string' }), /takes no string tensors/],
    ['2 GiB and more', (weight) => Object.assign(weight, { shape: [2 ** 30] }), /more than 2147483648 bytes/],
    ['an unknown quantisation', (weight) => Object.assign(weight, { quantization: { dtype: 'int4' } }), /stored as "int4"/],
    ['no scale', (weight) => Object.assign(weight, { quantization: { dtype: 'uint8', min: 0 } }), /scale undefined; both must be finite/],
    [
      'min null, as JSON writes NaN',
      (weight) => Object.assign(weight, { quantization: { dtype: 'uint8', min: null, scale: 1 } }),
      /min null/,
    ],
    ['a scale of text', (weight) => Object.assign(weight, { quantization: { dtype: 'uint16', min: 0, scale: '1' } }), /scale "1"/],
    [
      'a scale beyond float32',
      (weight) => Object.assign(weight, { quantization: { dtype: 'uint8', min: 0, scale: 1e300 } }),
      /beyond float32/,
    ],
    [
      'float16 of int32',
      (weight) => Object.assign(weight, { dtype: 'int32', quantization: { dtype: 'float16' } }),
      /int32 stored as "float16"/,
    ],
  ])('%s', async (_what, change, message) => expect(await refusal(broken((_model, weight) => change(weight)))).toMatch(message));

  it.each([-1, 1, 4 * 2 ** 20])('%i bytes too many', async (extra) => {
    const model = addModel();
    model.files['w.bin'] = new Uint8Array(16 + extra);
    expect(await refusal(model)).toMatch(new RegExp(`w.bin should have 16 bytes.*but has ${16 + extra}`));
  });

  it('a scale that JSON reads as infinite', async () => {
    const model = broken((_model, weight) => Object.assign(weight, { quantization: { dtype: 'uint8', min: 0, scale: 'SCALE' } }));
    expect(await refusal(rawJson(JSON.stringify(model.json).replace('"SCALE"', '1e999')))).toMatch(/scale Infinity; both must be finite/);
  });

  it('a million weights, without memory for them', async () => {
    const before = process.memoryUsage().rss;
    const text = `{"modelTopology":{"node":[]},"weightsManifest":[{"paths":[],"weights":[${Array(1_000_000).fill('{}').join(',')}]}]}`;
    expect(await refusal(rawJson(text))).toMatch(/has 1000000 items; the limit is 50000/);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  });
});

describe('B7: names', () => {
  it.each([
    ['__proto__', /a field named "__proto__"|which every JavaScript object has/],
    ['constructor', /which every JavaScript object has/],
    ['toString', /which every JavaScript object has/],
    ['a\nb', /printable ASCII only/],
    ['x'.repeat(1000), /1000 characters; 1 to 512/],
    ['', /0 characters/],
  ])('node %j', async (name, message) =>
    expect(await refusal(broken((model) => model.json.modelTopology.node.push(op(name, 'Relu', ['x']))))).toMatch(message),
  );

  it('keys that reach into objects', async () => {
    const json = JSON.stringify(addModel().json);
    for (const key of ['__proto__', '\\u005f_proto__', 'constructor', 'prototype']) {
      expect(await refusal(rawJson(json.replace('{', `{"${key}":{"polluted":1},`)))).toMatch(
        /a field named "(__proto__|constructor|prototype)", which is refused/,
      );
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
  it('keys that a terminal acts on', async () => {
    const json = JSON.stringify(addModel().json).replace('{', '{"\u{9b}2J":{},');
    expect(await refusal(rawJson(json))).toMatch(/a field named "\\u{9b}2J", which is refused/);
  });
  it('a node twice', async () =>
    expect(await refusal(broken((model) => model.json.modelTopology.node.push(constant('w'))))).toMatch(/Node "w" occurs twice/));
  it('a weight twice', async () =>
    expect(await refusal(broken((model, weight) => model.json.weightsManifest[0]?.weights.push({ ...weight, shape: [0] })))).toMatch(
      /Weight "w" occurs twice/,
    ));
  it('a weight of no constant', async () =>
    expect(await refusal(broken((_model, weight) => Object.assign(weight, { name: 'v' })))).toMatch(/"v" belongs to no constant/));
  it('a constant without weight', async () =>
    expect(await refusal(broken((model) => model.json.modelTopology.node.push(constant('v'))))).toMatch(/Constant "v" has no weight/));
  it('an input that is not there', async () =>
    expect(await refusal(broken((model) => model.json.modelTopology.node.push(op('z', 'Relu', ['gone']))))).toMatch(
      /Node "z" takes "gone"/,
    ));
});

describe('B8: weights that are not finite', () => {
  it('NaN among others', async () => {
    const values = Float32Array.of(1, Number.NEGATIVE_INFINITY, Number.NaN, 4);
    expect(await refusal(addModel([1, 4], values))).toMatch(/Weight "w" has NaN at element 2/);
  });
  it('NaN alone', async () => expect(await refusal(addModel([1, 1], Float32Array.of(Number.NaN)))).toMatch(/NaN at element 0/));
  it('float16', async () => {
    const model = broken((_model, weight) => Object.assign(weight, { quantization: { dtype: 'float16' } }));
    model.files['w.bin'] = new Uint8Array(Uint16Array.of(0, 0x7c00, 0x7c01, 0).buffer);
    expect(await refusal(model)).toMatch(/Weight "w" has NaN at element 2/);
  });
  // What Python's json module writes for the range of a quantised weight that holds infinities or NaN.
  it.each([
    [
      '{"dtype":"uint8","min":-Infinity,"scale":Infinity}',
      /raw-\d+\.json has -Infinity at weightsManifest\[0\]\.weights\[0\]\.quantization\.min of "w"/,
    ],
    ['{"dtype":"uint8","min":0,"scale":NaN}', /has NaN at weightsManifest\[0\]\.weights\[0\]\.quantization\.scale of "w"/],
    ['{"dtype":"uint8","min":0,"scale":Nan}', /not valid JSON/],
    ['{"dtype":"\\"NaN","min":0,"scale":Infinity,}', /not valid JSON/],
  ])('a range of %s', async (range, message) => {
    const model = broken((_model, weight) => Object.assign(weight, { quantization: 'RANGE' }));
    expect(await refusal(rawJson(JSON.stringify(model.json).replace('"RANGE"', range)))).toMatch(message);
  });
  it('a file that is NaN', async () => expect(await refusal(rawJson('NaN'))).toMatch(/has NaN at its top/));
  it('the lowest float32 as the end of a range, as masks have it', async () => {
    const quantization = { dtype: 'uint8', min: -3.4028234663852886e38, scale: 3.4028234663852886e38 / 255 };
    const model = broken((_model, weight) => Object.assign(weight, { quantization }));
    model.files['w.bin'] = Uint8Array.of(0, 255, 255, 255);
    await pack({ model: writeModel(model, join(folder, 'lowest')), out: join(folder, 'lowest-out') });
  });
  it('but a constant may be infinite', async () => {
    const model = addModel([1, 1], Float32Array.of(Number.NEGATIVE_INFINITY));
    model.json.modelTopology.node[2] = op('y', 'Maximum', ['x', 'w'], { T: { type: 'DT_FLOAT' } });
    const { manifest } = await pack({ model: writeModel(model, join(folder, 'infinite')), out: join(folder, 'infinite-out') });
    expect(manifest.golden.samples[0].outputs['sumY']?.values).toBeDefined();
  });
});

describe('B9: graphs that TF.js cannot run', () => {
  it('unknown ops, with their nodes', async () => {
    expect(
      await refusal(broken((model) => model.json.modelTopology.node.push(op('bad', 'MyOp', ['x']), op('worse', 'StringSplit', ['x'])))),
    ).toMatch(/ops that TF.js does not execute, or that work on text: MyOp \(node "bad"\), StringSplit \(node "worse"\)/);
  });
  it('unknown ops in a loop', async () => {
    const model = loopModel();
    const { library } = model.json.modelTopology as unknown as { library: { function: { nodeDef: unknown[] }[] } };
    library.function[1]?.nodeDef.push(op('bad', 'MyOp', []));
    expect(await refusal(model)).toMatch(/MyOp \(node "bad"\)/);
  });
  it('a loop whose body is not there', async () => {
    const model = loopModel();
    Object.assign(model.json.modelTopology.library as object, { function: [] });
    expect(await refusal(model)).toMatch(/calls function "under"/);
  });
  it.each<[string, RawModel['json']['modelTopology']['node'], RegExp]>([
    ['itself', [op('y', 'AddV2', ['x', 'y'])], /^Node "y" takes its own result; only a loop may, by a NextIteration\./],
    [
      'each other',
      [op('a', 'AddV2', ['x', 'b']), op('b', 'Relu', ['a:0']), op('y', 'Relu', ['b'])],
      /^Node "(a|b)" takes its own result, by way of "(a|b)"; only a loop may/,
    ],
    [
      'a long chain',
      [
        ...Array.from({ length: 30_000 }, (_, index) => op(`n${index}`, 'Neg', [`n${(index + 1) % 30_000}`])),
        op('y', 'AddV2', ['x', 'n0']),
      ],
      /^Node "n\d+" takes its own result, by way of (?:"n\d+"(?:, )?){5} and 29994 more;/,
    ],
  ])('nodes that take %s', async (_, nodes, message) => {
    const model = addModel();
    model.json.modelTopology.node.splice(2, 1, ...nodes);
    expect(await refusal(model)).toMatch(message);
  });
  it('a loop that calls itself', async () => {
    const model = loopModel();
    const { library } = model.json.modelTopology as unknown as { library: { function: { nodeDef: { name: string }[] }[] } };
    const body = library.function[1] as { nodeDef: object[] };
    const call = { cond: { func: { name: 'under' } }, body: { func: { name: 'twice' } } };
    body.nodeDef = body.nodeDef.map((node) =>
      (node as { name: string }).name === 'double' ? op('double', 'StatelessWhile', ['i', 'v'], call) : node,
    );
    expect(await refusal(model)).toMatch(/^Function "twice" calls itself, which TF\.js cannot run\./);
  });
  it('a loop without an end, whose time passes once', async () => {
    const model = loopModel();
    model.files['w.bin'] = new Uint8Array(Int32Array.of(0, 3, 0).buffer);
    let ms = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (ms += 1_000));
    try {
      expect(await refusal(model)).toMatch(/^The graph does not run: A loop in the graph ran longer than 300000 ms\./);
    } finally {
      clock.mockRestore();
    }
    expect(ms).toBeLessThan(500_000);
  });
  it('nodes of a function that take each other', async () => {
    const model = loopModel();
    const { library } = model.json.modelTopology as unknown as {
      library: { function: { nodeDef: { name: string; input: string[] }[] }[] };
    };
    const double = library.function[1]?.nodeDef.find(({ name }) => name === 'double');
    Object.assign(double as object, { input: ['v', 'double:z:0'] });
    expect(await refusal(model)).toMatch(/^Node "double" takes its own result;/);
  });
  it('shapes that do not fit', async () =>
    expect(await refusal(addModel([1, 3]))).toMatch(/^Node "y" \(AddV2\) becomes add, which cannot broadcast \[1, 3\] and \[4\]\./));
  it('text inputs', async () => {
    const model = twoInputModel();
    Object.assign(model.json.modelTopology.node[0] as object, { attr: { dtype: { type: 'DT_STRING' } } });
    expect(await refusal(model)).toMatch(/Input "a:0" has dtype "DT_STRING"/);
  });
  it('a signature of another graph', async () => {
    expect(await refusal(broken((model) => Object.assign(model.json, { signature: { outputs: { y: { name: 'gone:0' } } } })))).toMatch(
      /names "gone:0", which is not in the graph/,
    );
  });
});

it('a window of a billion elements is packed: what lies outside of the picture is not listed', async () => {
  const model = addModel([1, 2, 2, 3], Float32Array.of(1, 2, 3));
  const list = (...sizes: number[]) => ({ list: { i: sizes.map(String) } });
  const attr = { T: { type: 'DT_FLOAT' }, ksize: list(1, 1e9, 1e9, 1), strides: list(1, 1, 1, 1), padding: { s: 'U0FNRQ==' } };
  model.json.modelTopology.node[2] = op('sum', 'AddV2', ['x', 'w'], { T: { type: 'DT_FLOAT' } });
  model.json.modelTopology.node.push(op('y', 'MaxPool', ['sum'], attr));
  const { manifest } = await pack({ model: writeModel(model, join(folder, 'pool')), out: join(folder, 'pool packed') });
  expect(manifest.golden.samples[0].outputs['sumY']?.shape).toEqual([1, 2, 2, 3]);
});

describe('real models', () => {
  it(
    'that are cut anywhere',
    async () => {
      const names = ['liveness', 'emotion', 'antispoof'];
      const bytes = Object.fromEntries(names.map((name) => [name, readFileSync(realModel(name))]));
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...names), fc.nat(), async (name, at) => {
          const whole = bytes[name] as Buffer;
          await refusal(rawJson(whole.subarray(0, at % (whole.length - 2))));
        }),
        { numRuns: runs(1_000, 30) },
      );
    },
    LONG_MS,
  );
});
