/** Ten trained Layers models, packed, answer in a browser what tf.layers itself predicts, on wasm and on webgpu. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectClose, predicted, type Specimen, saveLayers, train, type Values } from '../fixtures/layers.js';
import { LAYERS_MODELS } from '../fixtures/layers-models.js';
import { scratch } from '../fixtures/models.js';
import { room } from './room.js';

const folder = scratch();
const NAMES = Object.keys(LAYERS_MODELS);
const slug = (name: string) => name.replaceAll(/\W/g, '-');
const specimens = new Map<string, Specimen>();

// Before the room, which packs what stands there.
beforeAll(async () => {
  for (const name of NAMES) {
    const specimen = LAYERS_MODELS[name]!();
    await train(specimen.model, specimen.inputs(6));
    await saveLayers(specimen.model, join(folder, slug(name)));
    specimens.set(name, specimen);
  }
});

const here = room(Object.fromEntries(NAMES.map((name) => [slug(name), { model: join(folder, slug(name), 'model.json') }])), {
  launch: { webgpu: true },
});

describe.each(['wasm', 'webgpu'] as const)('on %s', (backend) => {
  let page: Page;
  beforeAll(async () => {
    page = await here.page();
    // One model that stays keeps the worker for the others.
    const name = slug(NAMES[0]!);
    await page.evaluate(async ({ name, backend }) => void (await load(name, { backend: [backend] })), {
      name,
      backend,
    });
  });
  afterAll(() => page?.close());

  test.each(NAMES)('%s', async (name) => {
    const { model, inputs } = specimens.get(name)!;
    // Of one example, the golden run has answered. Arrays and flags: what crosses to a page is JSON.
    const given = inputs(3);
    const batch = given.map(({ shape, data }) => ({ shape, numbers: [...data], whole: data instanceof Int32Array }));
    const { selection, answers } = await page.evaluate(
      async ({ name, backend, batch }) => {
        const loaded = await load(name, { backend: [backend] });
        const names = Object.keys(loaded.signature.inputs);
        const values = batch.map(({ shape, numbers, whole }) => ({
          shape,
          data: whole ? Int32Array.from(numbers) : Float32Array.from(numbers),
        }));
        const { outputs } = await loaded.predict(Object.fromEntries(values.map((each, index) => [names[index], each])));
        const answers = Object.values(outputs).map(({ shape, data }) => ({ shape: [...shape], numbers: [...data] as number[] }));
        const { selection } = loaded;
        loaded.dispose();
        return { selection, answers };
      },
      { name: slug(name), backend, batch },
    );
    expect(selection).toMatchObject([{ backend, state: 'chosen', goldenShareOff: 0 }]);
    const got = answers.map(({ shape, numbers }): Values => ({ shape, data: Float32Array.from(numbers) }));
    expectClose(got, await predicted(model, given), backend);
  });
});
