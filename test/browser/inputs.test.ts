/** Inputs that are not pictures, in a real browser: rows of a table, texts of any length, on the page and behind the worker. */
import { expect, test } from 'vitest';
import { tabularModel, tokensModel } from '../fixtures/models.js';
import { room } from './room.js';

const columns = [{ name: 'rooms', mean: 4, std: 2 }, { name: 'area' }, { name: 'city', categories: ['Bern', 'Chur', 'Thun'] }];

const pad = { to: [4, 8, 16] };

const here = room({
  prices: { raw: tabularModel(), inputs: { features: { columns } } },
  text: { raw: tokensModel(), inputs: { ids: { pad }, mask: { pad } } },
});

test.each([
  ['wasm', 'worker'],
  ['wasm', 'page'],
  ['cpu', 'worker'],
] as const)('rows are answered on %s in the %s, also those of a frame', async (backend, thread) => {
  const page = await here.page();
  const seen = await page.evaluate(
    async ([on, where]) => {
      const model = await load('prices', { backend: on, thread: where });
      const price = async (features: unknown) => [...(await model.predict({ features } as never)).outputs['price']!.data];
      const frame = document.body.appendChild(document.createElement('iframe'));
      const foreign = frame.contentWindow as unknown as typeof globalThis;
      const rows = '[{"rooms":6,"area":2,"city":"Bern"},{"rooms":2,"area":0.5,"city":"Thun"}]';
      return {
        thread: model.thread,
        one: await price(JSON.parse(rows)[0]),
        both: await price(foreign.JSON.parse(rows)),
        prepared: await price(foreign.Float32Array.of(1, 2, 1, 0, 0)),
        refused: await price({ rooms: 1, area: 1, city: 'Genf' }).catch(({ code, message }) => `${code}: ${message}`),
      };
    },
    [backend, thread] as const,
  );
  expect(seen).toEqual({
    thread,
    one: [80],
    both: [80, 50],
    prepared: [80],
    refused: expect.stringMatching(/^input: .*"Bern", "Chur", "Thun" in column "city" of row 0, but has "Genf"/),
  });
});

test.each([
  ['wasm', 'worker'],
  ['wasm', 'page'],
  ['cpu', 'worker'],
] as const)('texts of any length are answered on %s in the %s, in three shapes', async (backend, thread) => {
  const page = await here.page();
  const { seen, coldCount } = await page.evaluate(
    async ([on, where]) => {
      const model = await load('text', { backend: on, thread: where });
      const seen: unknown[] = [];
      for (let length = 1; length <= 16; length++) {
        const ids = { data: Int32Array.from({ length }, (_, index) => index % 4), shape: [1, length] };
        const mask = { data: Float32Array.from({ length }, (_, index) => (index === 0 ? 1 : 0)), shape: [1, length] };
        const { tokens, pairs, pooled } = (await model.predict({ ids, mask })).outputs;
        seen.push([tokens?.shape, tokens?.data.at(-1), pairs?.shape, [...pooled!.data]]);
      }
      return { seen, coldCount: model.stats().coldCount };
    },
    [backend, thread] as const,
  );
  expect(seen).toEqual(
    Array.from({ length: 16 }, (_, index) => [[1, index + 1, 2], ((index % 4) * 2 + 1) * 2, [1, index + 1, index + 1], [0, 1]]),
  );
  // The golden run was of the smallest one.
  expect(coldCount).toBe(2);
});
