/** A model that keeps a state from call to call: each handle goes on from its own, and can begin anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { checkCall } from '../../src/base/fields.js';
import { loadModel, type Model } from '../../src/index.js';
import type { ModelSource } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { scratch } from '../fixtures/models.js';
import { filterModel } from '../fixtures/tflite-states.js';

vi.mock(import('../../src/base/fields.js'), async (original) => {
  const fields = await original();
  return { ...fields, checkCall: vi.fn(fields.checkCall) };
});

const folder = scratch();
const out = join(folder, 'filter');
type Inputs = { x: Float32Array };
type Outputs = { y: { data: Float32Array } };
let source: ModelSource<Inputs, Outputs>;

beforeAll(async () => {
  writeFileSync(join(folder, 'filter.tflite'), filterModel());
  const { warnings } = await pack({ model: join(folder, 'filter.tflite'), out });
  expect(warnings).toEqual([]);
  source = (await import(join(out, 'model.js'))).default;
});

const open = (backend: 'wasm' | 'cpu' = 'wasm') => loadModel(source, { backend, cache: null });
const answer = async (model: Model<Inputs, Outputs>, x: number) => [...(await model.predict({ x: Float32Array.of(x) })).outputs.y.data];

// y is 2 times the input before plus 3 times the input, and what is below 0 of it.
it.each(['wasm', 'cpu'] as const)('goes on where the call before ended, on %s', async (backend) => {
  const model = await open(backend);
  expect([await answer(model, 5), await answer(model, -1), await answer(model, -1)]).toEqual([
    [15, 0],
    [7, 0],
    [0, 5],
  ]);
  model.resetState();
  expect(await answer(model, -1)).toEqual([0, 3]);
  model.dispose();
  expect(() => model.resetState()).toThrow('was disposed');
});

it('keeps a state for each handle, though they share the weights', async () => {
  const [one, other] = [await open(), await open()];
  expect(await answer(one, 5)).toEqual([15, 0]);
  expect(await answer(other, -1)).toEqual([0, 3]);
  expect(await answer(one, -1)).toEqual([7, 0]);
  one.dispose();
  expect(await answer(other, -1)).toEqual([0, 5]);
  other.dispose();
});

it('runs calls one after another, and resets between those around it', async () => {
  const model = await open();
  const calls = [5, -1, -1].map((x) => answer(model, x));
  model.resetState();
  calls.push(answer(model, -1));
  expect(await Promise.all(calls)).toEqual([
    [15, 0],
    [7, 0],
    [0, 5],
    [0, 3],
  ]);
  model.dispose();
});

it('takes the inputs of a call at once, though the call waits for the one before', async () => {
  const model = await open();
  const x = Float32Array.of(5);
  const first = model.predict({ x });
  x[0] = -1;
  const second = model.predict({ x });
  x[0] = 100;
  const answers = (await Promise.all([first, second])).map(({ outputs }) => [...outputs.y.data]);
  expect(answers).toEqual([
    [15, 0],
    [7, 0],
  ]);
  model.dispose();
});

it('refuses wrong inputs and heeds a signal before the turn of the call', async () => {
  const model = await open();
  const ends: string[] = [];
  const noted = (name: string, call: Promise<unknown>) => call.then(() => ends.push(name)).catch(() => ends.push(`no ${name}`));
  const aborting = new AbortController();
  const calls = [
    noted('first', answer(model, 5)),
    noted('aborted', model.predict({ x: Float32Array.of(8) }, { signal: aborting.signal })),
    noted('wrong', model.predict({ x: Float32Array.of(1, 2) })),
  ];
  aborting.abort();
  expect(await answer(model, -1)).toEqual([7, 0]);
  await Promise.all(calls);
  expect(ends.toSorted()).toEqual(['first', 'no aborted', 'no wrong']);
  expect(ends.at(-1)).toBe('first');
  model.dispose();
});

it('tells of a prediction what predict resolves with, and checks no options where there are none', async () => {
  const model = await open();
  const heard: unknown[] = [];
  model.addEventListener('prediction', ({ detail }) => heard.push(detail));
  vi.mocked(checkCall).mockClear();
  const prediction = await model.predict({ x: Float32Array.of(5) });
  expect(checkCall).not.toHaveBeenCalled();
  expect(Object.keys(prediction.outputs)).toEqual(['y']);
  expect(heard).toEqual([prediction]);
  await model.predict({ x: Float32Array.of(5) }, { priority: 'user' });
  expect(checkCall).toHaveBeenCalledOnce();
  model.dispose();
});

it('gives the fallback the inputs as the app gave them', async () => {
  const given: unknown[] = [];
  const fallback = async (inputs: Inputs, { tensors }: { tensors(): Promise<Record<string, { data: ArrayLike<number> }>> }) => {
    given.push(Object.keys(inputs), Array.from((await tensors())['memory']?.data ?? []));
    return { y: [1, 2], memory: [0, 5, 0, -5] };
  };
  const model = await loadModel(source, { backend: 'webgpu', fallback, cache: null } as never);
  await answer(model as never, 5);
  await answer(model as never, 5);
  expect(given).toEqual([['x'], [0, 0, 0, 0], ['x'], [0, 5, 0, -5]]);
  model.dispose();
});

it('keeps its state where a call fails or is aborted', async () => {
  const model = await open();
  await answer(model, 5);
  await expect(model.predict({ x: Float32Array.of(1, 2) })).rejects.toMatchObject({ code: 'input' });
  await expect(model.predict({ x: Float32Array.of(1) }, { signal: AbortSignal.abort() })).rejects.toThrow();
  expect(await answer(model, -1)).toEqual([7, 0]);
  model.dispose();
});

it('shows the state to an app that asks for it, and to no other', async () => {
  expect(readFileSync(join(out, 'model.d.ts'), 'utf8')).not.toContain('memory');
  const model = (await open()) as unknown as Model;
  const shown = await model.predict({ x: Float32Array.of(5) }, { outputs: ['memory'] });
  expect([...(shown.outputs['memory']?.data ?? [])]).toEqual([0, 5, 0, -5]);
  // The array is the app's.
  shown.outputs['memory']?.data.fill(99);
  expect([...((await model.predict({ x: Float32Array.of(-1) })).outputs['y']?.data ?? [])]).toEqual([7, 0]);
  const { outputs } = await model.predict({ x: Float32Array.of(-1), memory: Float32Array.of(9, 2, 0, 0) });
  expect(Object.keys(outputs)).toEqual(['y']);
  expect([...(outputs['y']?.data ?? [])]).toEqual([1, 3]);
  model.dispose();
});
