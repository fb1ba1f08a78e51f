/** Stateful models of other people answer as onnxruntime does, call after call, with the state fed back. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { pack } from '../../src/pack/index.js';
import { planModel } from '../../src/pack/planned-model.js';
import { scratch } from '../fixtures/models.js';
import { answersOfOnnxruntime, runOver, SILERO, SILERO_NAMES, sharesOff, sileroOptions } from '../fixtures/silero.js';

describe.each(SILERO_NAMES)('silero_vad_%s.onnx', (name) => {
  it('answers on the reference as onnxruntime does, over 24 chunks', async () => {
    const { graph, ends } = (await planModel(sileroOptions(name))).read;
    const reference = openReference(graph);
    const answers = await runOver(name, (feeds) => {
      const outputs = reference.run(new Map(Object.entries(feeds)));
      return Object.fromEntries(ends.outputs.map(({ key }, index) => [key, outputs.get(graph.outputs[index]?.name ?? '') as Tensor]));
    });
    const wanted = await answersOfOnnxruntime(name);
    // The answers differ from chunk to chunk, so that the state counts.
    const voices = wanted.map(({ output }) => (output as Tensor).data[0] as number);
    expect(Math.max(...voices)).toBeGreaterThan(2 * Math.min(...voices));
    const shares = sharesOff(answers, wanted);
    for (const [output, share] of Object.entries(shares)) expect(share, output).toBeLessThan(1e-4);
  });

  it('is packed with its state as plain inputs and outputs, without the sampling rate', async () => {
    const { manifest, warnings } = await pack({ ...sileroOptions(name), out: join(scratch(), name) });
    const { state, shape } = SILERO[name];
    const { inputs, outputs } = manifest.signature;
    expect(Object.keys(inputs)).toEqual(['input', ...Object.keys(state)]);
    expect(Object.keys(outputs)).toEqual(['output', ...Object.values(state)]);
    for (const output of Object.values(state)) expect(outputs[output]).toEqual({ dtype: 'float32', shape });
    expect(manifest.targets.tfjs.refused).toEqual({});
    expect(warnings.join()).toContain('"input" takes [1, 512] alone');
  });
});
