/** Models after public bug reports answer right in a browser, on every backend. */
import { expect, test } from 'vitest';
import { REPORTED } from '../fixtures/reported.js';
import { room } from './room.js';

const models = Object.entries(REPORTED).map(([what, reported], index) => ({ what, name: `reported${index}`, reported }));
const here = room(Object.fromEntries(models.map(({ name, reported }) => [name, reported.model])), { launch: { webgpu: true } });

test.each(models)('$what', async ({ name, reported: { input, right } }) => {
  const page = await here.page();
  const answers = await page.evaluate(
    async ({ name, input }) => {
      const data = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[input.dtype].from(input.data);
      const got: Record<string, unknown> = {};
      for (const backend of ['wasm', 'webgpu', 'cpu'] as const) {
        const model = await load(name, { backend });
        const [output] = Object.values((await model.predict({ x: data } as never)).outputs);
        got[model.backend] = output && { dtype: output.dtype, shape: [...output.shape], data: [...(output.data as Float32Array)] };
        model.dispose();
      }
      return got;
    },
    { name, input },
  );
  expect(answers).toEqual({ wasm: right, webgpu: right, cpu: right });
  await page.close();
});
