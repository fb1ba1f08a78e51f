/** A compiled module is held to the golden samples when a model is packed. */
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import type { Session } from '../../src/engines/engine.js';
import { checkDetails } from '../../src/manifest/details.js';
import { pack } from '../../src/pack/index.js';
import { addModel, loopModel, type RawModel, scratch, writeModel } from '../fixtures/models.js';

/** The runs of compiled modules, and what stands in for them, if anything does. */
const compiled = vi.hoisted(() => ({ runs: 0, change: undefined as ((session: Session) => Session['run']) | undefined }));

vi.mock('../../src/engines/compiled/wasm.js', async (original) => {
  const { start } = await original<typeof import('../../src/engines/compiled/wasm.js')>();
  const counting: typeof start = async (options) => {
    const engine = await start(options);
    const { open } = engine;
    engine.open = async (model) => {
      const session = await open(model);
      const run = compiled.change?.(session) ?? session.run.bind(session);
      return Object.assign(Object.create(session), {
        run: (call: Parameters<Session['run']>[0]) => {
          compiled.runs++;
          return run(call);
        },
      });
    };
    return engine;
  };
  return { start: counting };
});

beforeEach(() => Object.assign(compiled, { runs: 0, change: undefined }));

const folder = scratch();
let count = 0;
async function packed(model: RawModel) {
  const place = join(folder, `case-${count++}`);
  const { manifest, warnings } = await pack({ model: writeModel(model, place), out: join(place, 'out') });
  checkDetails(manifest);
  return { targets: manifest.targets, warnings };
}

it('has two builds of a model that answers right, which are held to both samples, and to the batch if it is open', async () => {
  const { targets, warnings } = await packed(addModel([-1, 4]));
  expect([targets.compiled?.refused, warnings, compiled.runs]).toEqual([{}, [], 3]);
  expect(targets.compiled?.simd?.name).toMatch(/^compiled-[0-9a-f]{16}\.wasm$/);
  expect(targets.compiled?.relaxed?.name).toMatch(/^compiled-[0-9a-f]{16}\.wasm$/);
  await packed(addModel([1, 4]));
  expect(compiled.runs).toBe(5);
});

it.each([
  [1, 'the first golden sample'],
  [2, 'the second golden sample'],
  [3, 'a batch of three'],
])('is left to TF.js, with a warning, where run %i is wrong', async (wrong, name) => {
  compiled.change = (session) => async (call) => {
    const result = await session.run(call);
    if (compiled.runs === wrong) for (const { data } of result.outputs) data.fill(0);
    return result;
  };
  const { targets, warnings } = await packed(addModel([-1, 4]));
  const reason = expect.stringContaining(`its answer to ${name} is wrong: output "sumY" is all zero`);
  expect(targets.compiled).toEqual({ refused: { wasm: reason } });
  expect(targets.tfjs.refused).toEqual({});
  expect(warnings).toEqual([expect.stringMatching(/^The model is not compiled, since its answer .*\. Please report it\.$/)]);
});

it('is left to TF.js where a run fails', async () => {
  compiled.change = () => () => Promise.reject(new PannierError('predict', 'broken'));
  const { targets } = await packed(addModel());
  expect(targets.compiled?.refused).toEqual({ wasm: 'it fails on the first golden sample: broken' });
});

it('is not made of a model with a part that TF.js alone can run: the reason names the operation', async () => {
  const { targets, warnings } = await packed(loopModel());
  expect(targets.compiled?.refused.wasm).toMatch(/While.*is computed by TF\.js only/);
  expect([targets.tfjs.refused, warnings, compiled.runs]).toEqual([{}, [], 0]);
});
