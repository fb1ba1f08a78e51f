/** A stateful model in a real browser: the app hands the state of each call to the next one. */
import { expect, test } from 'vitest';
import { answersOfOnnxruntime, chunks, SILERO, SILERO_NAMES, sharesOff, sileroOptions } from '../fixtures/silero.js';
import { room } from './room.js';

const here = room(Object.fromEntries(SILERO_NAMES.map((name) => [name, sileroOptions(name)])));

test.each(SILERO_NAMES)('silero_vad_%s.onnx answers on wasm as onnxruntime does, over 24 chunks', async (name) => {
  const page = await here.page();
  const answers = await page.evaluate(
    async ([model, given, { state, shape }]) => {
      const opened = await load(model, { backend: 'wasm' });
      const zeros = new Float32Array(shape[0] * shape[1] * shape[2]);
      let fed: Record<string, unknown> = Object.fromEntries(Object.keys(state).map((input) => [input, zeros]));
      const answers: Record<string, { data: number[] }>[] = [];
      for (const chunk of given) {
        const { outputs } = await opened.predict({ input: Float32Array.from(chunk), ...fed } as never);
        fed = Object.fromEntries(Object.entries(state).map(([taken, made]) => [taken, outputs[made]?.data]));
        answers.push(Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, { data: [...data] as number[] }])));
      }
      return answers;
    },
    [name, chunks().map(({ data }) => [...data]), SILERO[name]] as const,
  );
  const wanted = await answersOfOnnxruntime(name);
  expect(answers.length).toBe(wanted.length);
  const shares = sharesOff(answers, wanted);
  for (const [output, share] of Object.entries(shares)) expect(share, output).toBeLessThan(1e-4);
});
