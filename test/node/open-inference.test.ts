/** The ready-made fallback against a server that holds every request to the protocol's own schema. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fallback, FallbackRequest } from '../../src/api/fallback.js';
import type { DType } from '../../src/base/dtype.js';
import type { PannierError } from '../../src/base/errors.js';
import type { Dim, Tensor } from '../../src/manifest/signature.js';
import { openInference } from '../../src/remote/index.js';
import { rejection } from '../fixtures/fakes.js';
import { type Infer, type OpenInferenceServer, type ServedTensor, serveOpenInference } from '../fixtures/open-inference-server.js';

const fp32 = (shape: number[], data: number[]): ServedTensor => ({ shape, datatype: 'FP32', data });

/** Everything twice; says whether all flags were up, and how many numbers there were. */
const twice: Infer = async ({ x, flags }) => ({
  y: fp32(
    [...x!.shape],
    (x!.data as number[]).map((value) => value * 2),
  ),
  count: { shape: [1], datatype: 'INT32', data: [x!.data.length] },
  ...(flags && { all: { shape: [], datatype: 'BOOL', data: [flags.data.every(Boolean)] } }),
});

let server: OpenInferenceServer;
beforeAll(async () => {
  server = await serveOpenInference({
    twice,
    'a/b c': twice,
    'twice/2': async (inputs) => ({ ...(await twice(inputs)), y: fp32([2, 2], [2, 2, 2, 2]) }),
    renamed: async ({ INPUT__0: x }) => ({ OUTPUT__0: (await twice({ x: x as ServedTensor }))['y']! }),
  });
});
beforeEach(() => void server.asked.splice(0));
afterAll(() => server.close());

const tensor = (data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>, shape = [data.length]): Tensor => {
  const dtype: DType = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
  return { dtype, shape, data };
};
const spec = (dtype: DType, shape: readonly Dim[] | null) => ({ dtype, shape });

/** A call with x of [2, 2], for y. */
function call(given: Partial<FallbackRequest> & { readonly x?: number[] } = {}): FallbackRequest {
  const { x = [1, 2, 3, 4], ...request } = given;
  return {
    model: 'twice',
    signature: {
      inputs: { x: spec('float32', [2, 2]) },
      outputs: { y: spec('float32', [2, 2]), count: spec('int32', [1]), all: spec('bool', []) },
    },
    outputs: ['y'],
    signal: new AbortController().signal,
    tensors: async () => ({ x: tensor(Float32Array.from(x), [2, 2]) }),
    ...request,
  };
}
const ask = (request = call(), options: Parameters<typeof openInference>[1] = {}) =>
  (openInference(server.url, options) as Fallback)({}, request);
const answer = { y: { dtype: 'float32', shape: [2, 2], data: [2, 4, 6, 8] } };

describe('a request', () => {
  it('is one that the schema allows, and names what it wants', async () => {
    expect(await ask()).toEqual(answer);
    const [{ method, path, text } = { text: '' }] = server.asked;
    expect([method, path]).toEqual(['POST', '/v2/models/twice/infer']);
    expect(JSON.parse(text)).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+-[0-9a-z]+$/),
      inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] }],
      outputs: [{ name: 'y' }],
    });
  });

  it('has an id of its own each time', async () => {
    await Promise.all([ask(), ask()]);
    const [one, other] = server.asked.map(({ text }) => JSON.parse(text).id);
    expect(one).not.toBe(other);
  });

  it('says every dtype, and is answered in every dtype', async () => {
    const tensors = async () => ({ x: tensor(Int32Array.of(-5, 7)), flags: tensor(Uint8Array.of(1, 0, 2)) });
    const { count, all } = await ask(call({ outputs: ['count', 'all'], tensors }));
    expect({ count, all }).toEqual({
      count: { dtype: 'int32', shape: [1], data: [2] },
      all: { dtype: 'bool', shape: [], data: [false] },
    });
    const [{ inputs }] = server.asked.map(({ text }) => JSON.parse(text));
    expect(inputs).toEqual([
      { name: 'x', shape: [2], datatype: 'INT32', data: [-5, 7] },
      { name: 'flags', shape: [3], datatype: 'BOOL', data: [true, false, true] },
    ]);
  });

  it('tells every float32 from its neighbours, in nine digits', async () => {
    const bits = new Uint32Array(4_000).map((_, index) => (index * 1_072_693) % 0x7f80_0000);
    const values = new Float32Array(bits.buffer);
    await ask(call({ tensors: async () => ({ x: tensor(values) }), outputs: ['count'] }));
    const [{ inputs }] = server.asked.map(({ text }) => JSON.parse(text));
    expect(Float32Array.from(inputs[0].data)).toEqual(values);
    expect(inputs[0].data.filter((value: number) => Number(value.toPrecision(9)) !== value)).toEqual([]);
  });

  it('goes to the model, the version and the address that were named, whatever is in their names', async () => {
    await ask(call({ model: 'a/b c' }));
    await ask(call({ model: 'other' }), { model: 'twice', version: '2' });
    await (openInference(`${server.url}//`) as Fallback)({}, call());
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/v2/models/a%2Fb%20c/infer',
      '/v2/models/twice/versions/2/infer',
      '/v2/models/twice/infer',
    ]);
  });

  it('speaks of inputs and outputs by the names that the server has for them', async () => {
    const options = { model: 'renamed', inputs: { x: 'INPUT__0' }, outputs: { y: 'OUTPUT__0' } };
    expect(await ask(call(), options)).toEqual(answer);
  });

  it('carries headers, and goes through a fetch of the app’s own, found when it is needed', async () => {
    const seen: unknown[] = [];
    const { fetch } = globalThis;
    const fallback = openInference(server.url, { headers: { authorization: 'Bearer t' } }) as Fallback;
    try {
      globalThis.fetch = (...args) => {
        seen.push(args[0]);
        return fetch(...args);
      };
      await fallback({}, call());
    } finally {
      globalThis.fetch = fetch;
    }
    expect([seen, server.asked[0]?.headers['authorization']]).toEqual([[`${server.url}/v2/models/twice/infer`], 'Bearer t']);
    await ask(call(), { fetch: async (url, init) => fetch(String(url).replace('twice', 'a%2Fb%20c'), init) });
    expect(server.asked[1]?.path).toBe('/v2/models/a%2Fb%20c/infer');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY]])('is not made of %s, which JSON does not hold', async (value) => {
    expect(await rejection(ask(call({ x: [1, value, 3, 4] })))).toMatchObject({
      code: 'input',
      message: expect.stringContaining(`Input "x" holds ${value}`),
    });
    expect(server.asked).toEqual([]);
  });

  it.each([
    [{ inputs: { X: 'INPUT__0' } }, /openInference's option inputs names "X", but the model has x\./],
    [{ outputs: { z: 'OUTPUT__0' } }, /openInference's option outputs names "z", but the model has y, count, all\./],
  ])('is not made with names that the model has not: %j', async (options, message) => {
    expect(await rejection(ask(call(), options))).toMatchObject({ code: 'options', message: expect.stringMatching(message) });
    expect(server.asked).toEqual([]);
  });

  it('takes no other options, and no other address', () => {
    expect(() => openInference(server.url, { names: {} } as object)).toThrow(
      /openInference has no option "names"; it takes model, version/,
    );
    expect(() => openInference(undefined as never)).toThrow(/takes the address of a server, but got undefined/);
  });
});

describe('an answer', () => {
  const good = { model_name: 'twice', outputs: [{ name: 'y', shape: [2, 2], datatype: 'FP32', data: [2, 4, 6, 8] }] };
  const output = (change: object) => ({ ...good, outputs: [{ ...good.outputs[0], ...change }] });
  const json = (body: unknown) => server.once((response) => response.end(JSON.stringify(body)));
  const text = (body: string, status = 200) => server.once((response) => response.writeHead(status).end(body));

  it('may be nested', async () => {
    const other = await serveOpenInference({ twice }, { isNested: true });
    try {
      expect(await (openInference(other.url) as Fallback)({}, call())).toEqual(answer);
    } finally {
      await other.close();
    }
  });

  it('may leave the id out, and say more than is needed', async () => {
    json({ ...good, model_version: '1', parameters: { sequence_id: 0 } });
    expect(await ask()).toEqual(answer);
  });

  it('may hold what is no number: null, or what Triton and Python write', async () => {
    text(`{"model_name":"NaN","outputs":[{"name":"y","shape":[2,2],"datatype":"FP32","data":[NaN,-Infinity, Infinity,null]}]}`);
    const { y } = await ask();
    expect(y).toEqual({
      dtype: 'float32',
      shape: [2, 2],
      data: [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN],
    });
    const quoted = JSON.stringify(good).replace('"twice"', '"say \\"NaN\\", NaN"');
    text(quoted.replace('[2,4,6,8]', '[2,4,6,NaN]'));
    expect((await ask())['y']).toMatchObject({ data: [2, 4, 6, Number.NaN] });
  });

  it.each<[what: string, body: unknown, message: RegExp]>([
    ['a list', [], /answered without "outputs"/],
    ['null', null, /answered without "outputs"/],
    ['no outputs', { model_name: 'twice' }, /answered without "outputs"/],
    ['an output of nothing', { outputs: [null] }, /outputs\[0\] without a name, a datatype, a shape of sizes, or data/],
    ['an output without data', output({ data: undefined }), /outputs\[0\] without a name/],
    ['a shape that is none', output({ shape: [2, -1] }), /outputs\[0\] without a name/],
    ['a missing output', { outputs: [] }, /should answer the outputs y, but answered none/],
    ['an output under another name', output({ name: 'OUTPUT__0' }), /should answer the outputs y, but answered OUTPUT__0/],
    ['an output that nobody asked for', { outputs: [...good.outputs, { ...good.outputs[0], name: 'z' }] }, /outputs y, but answered y, z/],
    ['an output that comes twice', { outputs: [...good.outputs, ...good.outputs] }, /should answer the outputs y, but answered y, y/],
    ['another datatype', output({ datatype: 'FP64' }), /answered the output "y" in FP64, but the model has FP32/],
    ['another request’s answer', { ...good, id: '42' }, /answered request "42" in place of "[0-9a-z]+-[0-9a-z]+"/],
    ['an answer to what is no request', { ...good, id: { toString: 1 } }, /answered request \{"toString":1\} in place of "/],
  ])('is refused: %s', async (_what, body, message) => {
    json(body);
    expect(await rejection(ask())).toMatchObject({
      code: 'fallback',
      message: expect.stringMatching(message),
      detail: expect.objectContaining({ url: `${server.url}/v2/models/twice/infer` }),
    });
  });

  it.each<[what: string, body: string, message: RegExp]>([
    ['a page of HTML', '<!doctype html><title>App</title>', /should answer JSON, but answered a page of HTML\. Check the address/],
    ['nothing', '', /should answer JSON, but answered nothing\./],
    ['half of it', JSON.stringify(good).slice(0, 60), /should answer JSON, but answered "{"model_name":"twice"/],
    ['JSON with bytes behind it', `${JSON.stringify(good)}\0\0\0\0`, /should answer JSON/],
  ])('is refused: %s', async (_what, body, message) => {
    text(body);
    expect(await rejection(ask())).toMatchObject({
      code: 'fallback',
      message: expect.stringMatching(message),
      cause: expect.any(SyntaxError),
    });
  });

  it('without an end is cut off', async () => {
    let written = 0;
    server.once((response) => {
      const write = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536))) written += 65_536;
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    // 2 × 2 values, and a mebibyte for all the rest.
    expect(await rejection(ask())).toMatchObject({
      code: 'fallback',
      message: expect.stringMatching(/answered more than the 1048832 bytes that its outputs can take/),
    });
    await server.asked[0]?.closed;
    expect(written).toBeLessThan(64 * 2 ** 20);
  });

  it.each<[status: number, body: string, message: RegExp, retryable: boolean]>([
    [400, '{"error":"input \'x\' has the datatype FP16"}', /answered 400 Bad Request: input 'x' has the datatype FP16\./, false],
    [503, '', /answered 503 Service Unavailable\./, true],
    [502, '<html>nginx</html>', /answered 502 Bad Gateway with a page of HTML\./, true],
    [500, '{"detail":[]}', /answered 500 Internal Server Error\./, true],
  ])('of status %i says what the server says of it', async (status, body, message, retryable) => {
    text(body, status);
    const error = await rejection(ask());
    expect(error).toMatchObject({ code: 'http-status', message: expect.stringMatching(message), retryable, detail: { status } });
  });

  it('of a model that is not there is a 404', async () => {
    const error = await rejection(ask(call(), { model: 'thrice' }));
    expect(error).toMatchObject({
      code: 'http-status',
      detail: { status: 404, url: `${server.url}/v2/models/thrice/infer` },
      message: expect.stringMatching(/404 Not Found: Request for unknown model: 'thrice' is not found\./),
    });
  });

  it('that does not come, or breaks off, is offline', async () => {
    server.once((response) => response.destroy());
    expect(await rejection(ask())).toMatchObject({ code: 'offline', retryable: true, message: expect.stringMatching(/connect-src.*CORS/) });
    server.once((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"outputs":');
      setImmediate(() => response.destroy());
    });
    expect(await rejection(ask())).toMatchObject({ code: 'offline' });
  });

  it.each(['headers', 'body'])('that stalls before its %s ends with the signal, and the connection with it', async (where) => {
    const waiting = new Promise<void>((resolve) =>
      server.once((response) => {
        if (where === 'body') response.writeHead(200).write('{"outputs":');
        resolve();
      }),
    );
    const abort = new AbortController();
    const asking = ask(call({ signal: abort.signal as FallbackRequest['signal'] }));
    await waiting;
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await rejection(asking)).toBe(reason);
    await server.asked[0]?.closed;
  });

  it('of a fetch that does not look at its signal is not waited for', async () => {
    const abort = new AbortController();
    const asking = ask(call({ signal: abort.signal as FallbackRequest['signal'] }), { fetch: () => new Promise(() => undefined) });
    abort.abort(new Error('enough'));
    expect(((await rejection(asking)) as PannierError).message).toBe('enough');
  });
});
