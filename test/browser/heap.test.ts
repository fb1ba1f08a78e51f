/** C13: wasm memory that is full, at 20 MiB in this browser: typed, no other tensor is changed, and the page goes on. */
import { expect, test } from 'vitest';
import type { Model } from '../../src/index.js';
import { addModel, embeddingModel, type RawModel } from '../fixtures/models.js';
import { room } from './room.js';

const here = room(
  { add: addModel(), broad: broadModel(), table: largeTable() },
  { launch: { args: ['--js-flags=--wasm-max-mem-pages=320'] } },
);

/** In a page: what a model says to its input, and of `add` on TF.js the sum with its weights, which lie in the same heap. */
const IN_PAGE = `
  globalThis.ask = (model, inputs) => model.predict(inputs).then(
    ({ outputs, backend }) => backend + ' ' + Object.values(outputs)[0].data.slice(-4).join(' '),
    ({ code, message }) => code + ': ' + message,
  );
  globalThis.add = async () => {
    const model = await loadUncompiled('add', { backend: ['wasm', 'cpu'] });
    return { model, ask: () => ask(model, { x: new Float32Array(4) }) };
  };
`;
declare global {
  function ask(model: Model, inputs: unknown): Promise<string>;
  function add(): Promise<{ model: Model; ask: () => Promise<string> }>;
}
const RIGHT = 'wasm 1 2 3 4';

test('C13: an output that has no room is an error of its call; whoever shares the heap answers as before', async () => {
  const page = await here.page();
  await page.evaluate(IN_PAGE);
  const seen = await page.evaluate(async () => {
    const small = await add();
    const broad = await loadUncompiled('broad', { backend: ['wasm', 'cpu'] });
    const rows = (count: number) => ask(broad, { x: { data: new Float32Array(count), shape: [count, 1] } });
    return {
      before: [await small.ask(), await rows(1)],
      during: await Promise.all([small.ask(), rows(3_000), small.ask(), rows(1)]),
      after: [await small.ask(), await rows(1)],
      notes: [small.model, broad].map(({ notes }) => notes.map(({ code }) => code)),
    };
  });
  const full = expect.stringMatching(/^out-of-memory: The wasm heap has no room for another 24000000 bytes\./);
  const rows = 'wasm 2 2 2 2';
  expect(seen).toMatchObject({ before: [RIGHT, rows], during: [RIGHT, full, RIGHT, rows], after: [RIGHT, rows] });
  // A heap that was full never shrinks, so both moved to a new one.
  expect(seen.notes).toEqual([['reopened'], ['reopened']]);
});

test('C13: weights that have no room refuse the backend; the next one answers, and whoever shares the heap as before', async () => {
  const page = await here.page();
  await page.evaluate(IN_PAGE);
  const seen = await page.evaluate(async () => {
    const small = await add();
    const before = await small.ask();
    const table = await loadUncompiled('table', { backend: ['wasm', 'cpu'] });
    const entry = await ask(table, { place: { data: Int32Array.of(1), shape: [1, 1] } });
    return { answers: [before, entry, await small.ask()], reason: table.selection[0]!.reason, notes: small.model.notes };
  });
  expect(seen).toEqual({
    answers: [RIGHT, 'cpu 2 3', RIGHT],
    reason: 'The wasm heap has no room for another 24000000 bytes.',
    notes: [],
  });
});

test('C13: a compiled model whose memory is refused leaves the next backend to answer; another one has its own memory', async () => {
  const page = await here.page();
  await page.evaluate(IN_PAGE);
  const seen = await page.evaluate(async () => {
    const small = await load('add', { backend: ['wasm', 'cpu'] });
    const one = () => ask(small, { x: new Float32Array(4) });
    const before = await one();
    const table = await load('table', { backend: ['wasm', 'cpu'] });
    const entry = await ask(table, { place: { data: Int32Array.of(1), shape: [1, 1] } });
    // Its rows go through the module one by one.
    const broad = await load('broad', { backend: ['wasm', 'cpu'] });
    const rows = await ask(broad, { x: { data: new Float32Array(3_000), shape: [3_000, 1] } });
    return { answers: [before, entry, rows, await one()], reason: table.selection[0]!.reason, notes: small.notes };
  });
  expect(seen).toEqual({
    answers: [RIGHT, 'cpu 2 3', 'wasm 2 2 2 2', RIGHT],
    reason: expect.stringContaining('There is no memory for model "table"'),
    notes: [],
  });
});

/** y = x + w, x [?, 1] and w [2 000]: little goes in, much comes out. */
function broadModel(): RawModel {
  const model = addModel([-1, 1], new Float32Array(2_000).fill(2));
  const info = { name: 'y:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2000' }] } };
  Object.assign(model.json.signature!, { outputs: { 'sum/y:0': info } });
  return model;
}

/** {@link embeddingModel} of three million entries: 6 MB packed, 24 MB in a heap. */
function largeTable(): RawModel {
  const model = embeddingModel();
  const [table] = model.json.weightsManifest[0]!.weights;
  Object.assign(table!, { shape: [3_000_000, 2], quantization: { dtype: 'uint8', scale: 1, min: 0 } });
  const bytes = new Uint8Array(6_000_004);
  for (let index = 0; index < 6_000_000; index++) bytes[index] = index % 251;
  model.files['w.bin'] = bytes;
  return model;
}
