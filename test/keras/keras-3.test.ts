/** Models that Keras 3 saved become graphs that answer as Keras itself, on the reference and on TF.js. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import { lowerLayers } from '../../src/formats/keras/lower.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { expectClose } from '../fixtures/expect-close.js';
import { answersOn, expectedOf, modelOf } from '../kernels/run.js';
import { arrayOf, SAVED, topologyOf, VERSION, weightsOf } from './saved-models.js';

let cpu: Engine;
beforeAll(async () => {
  cpu = await start({});
  return () => cpu.dispose();
});

describe(`as Keras ${VERSION}`, () => {
  it.each(SAVED)('$kind', async (saved) => {
    const { graph } = lowerLayers(topologyOf(saved), weightsOf(saved), 'model.json');
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, type }, index): [string, Tensor] => {
        const { shape, values } = saved.inputs[index]!;
        const dataType = type?.dataType === 'int32' ? 'int32' : 'float32';
        return [name, { dataType, shape: [...shape], data: arrayOf(dataType, values) }];
      }),
    );
    const wanted = saved.outputs;
    for (const answers of [expectedOf(graph, feeds), await answersOn(cpu, modelOf(graph), feeds)]) {
      expect(answers.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
      for (const [index, { data }] of answers.entries())
        expectClose(data as ArrayLike<number>, wanted[index]!.values, `output ${index}`, 1e-5);
    }
  });
});
