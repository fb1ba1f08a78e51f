/** What loadModel can be told. */
import { describe, expect, it } from 'vitest';
import type { LoadOptions } from '../../src/api/options.js';
import { resolveOptions } from '../../src/api/resolve-options.js';

const settle = (options: unknown) => resolveOptions(options as LoadOptions);

it('has every default in place', () => {
  expect(settle({})).toMatchObject({
    ...{
      backends: ['wasm', 'webgpu', 'cpu'],
      auto: true,
      autotune: true,
      thread: 'worker',
      device: undefined,
      cache: undefined,
    },
    ...{ deadlineMs: 30_000, backendDeadlineMs: 60_000 },
  });
  expect(settle({}).assetUrl('name', 'url')).toBe('url');
});

it('takes one backend, or several in an order of their own', () => {
  expect(settle({ backend: 'cpu' })).toMatchObject({ backends: ['cpu'], auto: false, autotune: false });
  expect(settle({ backend: ['cpu', 'wasm'] })).toMatchObject({ backends: ['cpu', 'wasm'], auto: false, autotune: false });
});

it('takes no deadline for Infinity', () =>
  expect(settle({ deadlineMs: Number.POSITIVE_INFINITY }).deadlineMs).toBe(Number.POSITIVE_INFINITY));

it('keeps `cache: null` apart from no cache said', () => {
  expect(settle({ cache: null }).cache).toBe(null);
  expect(settle({}).cache).toBe(undefined);
});

it('puts a device on the page’s thread', () => expect(settle({ device: {} }).thread).toBe('page'));

it.each([
  ['backend', { backend: 'webgl' }, '"webgl"'],
  ['backend[1]', { backend: ['cpu', 'toString'] }, '"toString"'],
  ['backend', { backend: [] }, 'an array of 0'],
  ['backend', { backend: null }, 'null'],
  ['backend', { backend: 7 }, '7'],
  ['thread', { thread: 'main' }, '"main"'],
  ['nonFinite', { nonFinite: 'warn' }, '"warn"'],
  ['nonFinite', { nonFinite: false }, 'false'],
  ['deadlineMs', { deadlineMs: 0 }, '0'],
  ['deadlineMs', { deadlineMs: Symbol('soon') }, 'Symbol(soon)'],
  ['backendDeadlineMs', { backendDeadlineMs: Object.create(null) }, 'an object'],
  ['memoryBudgetBytes', { memoryBudgetBytes: '1e9' }, '"1e9"'],
  ['assetUrl', { assetUrl: 'https://models.test' }, '"https://models.test"'],
  ['fetch', { fetch: {} }, 'an object'],
  ['onProgress', { onProgress: true }, 'true'],
  ['cache', { cache: 'memory' }, '"memory"'],
  ['device', { device: 0 }, '0'],
  ['trace', { trace: 'no' }, '"no"'],
  ['autotune', { autotune: 1 }, '1'],
  ['deadlineMs', { deadlineMs: -1 }, '-1'],
  ['deadlineMs', { deadlineMs: Number.NaN }, 'NaN'],
  ['backendDeadlineMs', { backendDeadlineMs: Number.NaN }, 'NaN'],
])('refuses a wrong %s: %j', (field, options, got) => {
  expect(() => settle(options)).toThrow(expect.objectContaining({ code: 'options', detail: expect.objectContaining({ field, got }) }));
});

it.each([
  [
    { onprogress: () => {} },
    /^loadModel has no option "onprogress"; it takes backend, thread, .*onProgress, .*trace, .*\. Is onProgress meant\?/,
  ],
  [{ backends: ['cpu'] }, /no option "backends"; .* Is backend meant\?/],
  [{ thread: 'worker', device: {} }, /option thread should be "page" with a device: a GPUDevice cannot cross to a worker\./],
  [{ colour: 'red' }, /^loadModel has no option "colour"; it takes [\w, ]+\. \(/],
  [{ signal: new AbortController() }, /option signal should be an AbortSignal, but is AbortController\./],
  [{ signal: null }, /option signal .*but is null\./],
  ['cpu', /loadModel takes an object of options, but got "cpu"\./],
  [null, /loadModel takes an object of options, but got null\./],
])('refuses what is no option: %j', (options, message) =>
  expect(() => settle(options)).toThrow(expect.objectContaining({ code: 'options', message: expect.stringMatching(message) })),
);

describe('the key of a load', () => {
  const fetch = async () => new Response();
  const cache = {} as never;
  it('is the same for the same options', () => {
    expect(settle({ fetch, cache, backend: 'cpu' }).key).toBe(settle({ fetch, cache, backend: 'cpu' }).key);
    expect(settle({}).key).toBe(settle({ thread: 'worker', backend: 'auto', deadlineMs: 30_000 }).key);
  });
  it('leaves out what belongs to one caller', () => {
    const own = { signal: new AbortController().signal, onProgress: () => {}, trace: true, deadlineMs: 1, backendDeadlineMs: 1 };
    expect(settle(own).key).toBe(settle({}).key);
  });
  it('is another for whatever could change what is loaded, or from where', () => {
    const different = [
      ...[{}, { backend: 'cpu' }, { backend: ['cpu', 'wasm'] }, { backend: ['wasm', 'cpu'] }, { backend: ['webgpu', 'wasm', 'cpu'] }],
      ...[{ thread: 'page' }, { cache: null }, { cache: {} }, { cache: {} }, { fetch }, { fetch: async () => new Response() }],
      ...[{ assetUrl: () => 'a' }, { assetUrl: () => 'a' }, { device: {} }],
    ];
    expect(new Set(different.map((options) => settle(options).key)).size).toBe(different.length);
  });
});
