/** Packing writes the simplified graph, if it answers as the graph as read does. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/graph/graph.js';
import { pack } from '../../src/pack/index.js';
import { planModel } from '../../src/pack/planned-model.js';
import { holdToOriginal } from '../../src/pack/simplify.js';
import type { Pass } from '../../src/passes/pass.js';
import { PatchBuilder } from '../../src/passes/patch.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { addModel, op, scratch, writeModel } from '../fixtures/models.js';

/** The model y = x + w whose sum is taken twice, as another node has it. */
function twice() {
  const model = addModel();
  const { node } = model.json.modelTopology;
  node.pop();
  const T = { T: { type: 'DT_FLOAT' } };
  node.push(op('a', 'AddV2', ['x', 'w'], T), op('b', 'AddV2', ['x', 'w'], T), op('y', 'Maximum', ['a', 'b'], T));
  return model;
}

it('the manifest tells the ops and the work of the simplified graph', async () => {
  const folder = scratch();
  const { manifest, warnings } = await pack({ model: writeModel(twice(), folder), out: join(folder, 'packed') });
  expect(manifest.ops).toEqual({ add: 1, max: 1 });
  expect(manifest.flops).toBe(8);
  expect(warnings).toEqual([]);
});

/** A pass that puts another op for additions. */
const instead = (op: 'sub' | 'div'): Pass => ({
  name: 'wrong',
  rewrite(node, graph) {
    if (node.op !== 'add') return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(node.outputs[0] as Value, patch.op(op, node.inputs, {}, node.origin)).build();
  },
});

/** The graph that is packed where the passes are these. */
async function held(passes: readonly Pass[]) {
  const { read, plans, samplingOf } = await planModel({ model: writeModel(twice(), scratch()) });
  const [asRead, after] = [samplingOf(read.graph), samplingOf(runPasses(read.graph, passes).graph)];
  const original = await asRead.open(asRead.weights, async (runner) => {
    const sampled = await asRead.sample(runner, plans);
    return { ...sampled, cost: await runner.cost(sampled.feeds) };
  });
  const { sampling, warnings } = await holdToOriginal(original, asRead, after);
  return { isSimplified: sampling === after, warnings };
}

describe('the graph is packed as it was read, with a warning,', () => {
  it('if a pass moves an output', async () => {
    const { isSimplified, warnings } = await held([instead('sub')]);
    expect(isSimplified).toBe(false);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The graph is packed as it was read and not simplified, since that moves output "sumY" by [\d.]+ of its largest value, of which 0\.0001 is allowed: pannier doctor MODEL --passes --bisect finds the rewrite; please report it\.$/,
      ),
    ]);
  });

  it('if a graph does not run after a pass', async () => {
    const broken: Pass = {
      name: 'broken',
      rewrite(node, graph) {
        if (node.op !== 'max') return undefined;
        const patch = new PatchBuilder(graph);
        const far = patch.tensor({ dataType: 'int32', shape: [4], data: new Int32Array(4).fill(9) }, 'far');
        return patch
          .replace(
            node.outputs[0] as Value,
            patch.op(
              'gatherElements',
              [node.inputs[0] as Value, patch.op('reshape', [far], { newShape: [1, 4] }, node.origin)],
              { axis: 1 },
              node.origin,
            ),
          )
          .build();
      },
    };
    const { isSimplified, warnings } = await held([broken]);
    expect(isSimplified).toBe(false);
    expect(warnings[0]).toMatch(/since that breaks the graph \(The graph does not run: .*index 9/);
  });
});

it('a graph without a change is run once', async () => {
  const { isSimplified, warnings } = await held([]);
  expect({ isSimplified, warnings }).toEqual({ isSimplified: false, warnings: [] });
});
