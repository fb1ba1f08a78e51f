/** TF.js's wasm backend is held to the golden batch when a model is packed that cannot be compiled. */
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { type ErrorCode, PannierError } from '../../src/base/errors.js';
import type { Session } from '../../src/engines/engine.js';
import { checkDetails } from '../../src/manifest/details.js';
import { pack } from '../../src/pack/index.js';
import { addModel, loopModel, mixedRowsModel, op, type RawModel, scratch, writeModel } from '../fixtures/models.js';

/** The runs on wasm, and what stands in for them, if anything does. */
const wasm = vi.hoisted(() => ({ runs: 0, run: undefined as Session['run'] | undefined }));

vi.mock('../../src/engines/tfjs/wasm.js', async (original) => {
  const { start } = await original<typeof import('../../src/engines/tfjs/wasm.js')>();
  const counting: typeof start = async (options) => {
    const engine = await start(options);
    const { open } = engine;
    engine.open = async (model) => {
      const session = await open(model);
      const run = wasm.run ?? session.run.bind(session);
      return Object.assign(session, {
        run: (call: Parameters<Session['run']>[0]) => {
          wasm.runs++;
          return run(call);
        },
      });
    };
    return engine;
  };
  return { start: counting };
});

vi.mock('../../src/engines/compiled/compile-model.js', () => ({
  compileModel: () => {
    throw new PannierError('model-format', 'No model can be compiled here.');
  },
}));

beforeEach(() => Object.assign(wasm, { runs: 0, run: undefined }));

const folder = scratch();
let count = 0;
async function packed(model: RawModel) {
  const place = join(folder, `case-${count++}`);
  const { manifest, warnings } = await pack({ model: writeModel(model, place), out: join(place, 'out') });
  return { manifest, warnings, runs: wasm.runs };
}

it('refuses wasm where it answers several rows wrong', async () => {
  const { manifest, warnings } = await packed(mixedRowsModel(-1));
  expect(manifest.targets.tfjs.refused).toEqual({
    wasm: expect.stringMatching(/^its answer to a batch of three is wrong: output "y" is off in 66\.7 % of 3 values/),
  });
  expect(warnings).toEqual([`The backend wasm will not run the model, since ${manifest.targets.tfjs.refused.wasm}.`]);
  checkDetails(manifest);
});

it('does not refuse it where it answers right', async () => {
  const { manifest, warnings, runs } = await packed(addModel([-1, 4]));
  expect([manifest.targets.tfjs.refused, warnings, runs]).toEqual([{}, [], 1]);
});

it('does not run a model whose batch is closed', async () => {
  const { manifest, runs } = await packed(mixedRowsModel(1));
  expect([manifest.targets.tfjs.refused, runs]).toEqual([{}, 0]);
});

it('does not run a model whose kernels it lacks', async () => {
  const model = mixedRowsModel(-1);
  model.json.modelTopology.node.splice(-1, 1, op('z', 'Complex', ['x', 'x'], {}), op('y', 'ComplexAbs', ['z'], {}));
  const { manifest, runs } = await packed(model);
  expect([manifest.targets.tfjs.refused.wasm, runs]).toEqual(['it lacks the kernels Complex, ComplexAbs', 0]);
});

it.each<[ErrorCode, Readonly<Record<string, string>>]>([
  ['predict', { wasm: 'it fails on a batch of three: broken' }],
  ['backend-rejected', { wasm: 'it fails on a batch of three: broken' }],
  ['out-of-memory', {}],
])('takes %s of a run for what it is', async (code, refused) => {
  wasm.run = () => Promise.reject(new PannierError(code, 'broken'));
  expect((await packed(addModel([-1, 4]))).manifest.targets.tfjs.refused).toEqual(refused);
});

it('throws what is an error of its own', async () => {
  wasm.run = () => Promise.reject(new TypeError('a bug'));
  await expect(packed(addModel([-1, 4]))).rejects.toThrow('a bug');
});

it('runs one model after another', async () => {
  for (const model of [mixedRowsModel(-1), addModel([-1, 4]), loopModel(), mixedRowsModel(-1)]) await packed(model);
  expect(wasm.runs).toBe(3);
});
