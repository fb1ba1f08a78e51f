/** `pannier doctor --passes`: the changes of a graph, and the search for a wrong one. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { showPasses } from '../../apps/cli/passes.js';
import type { Value } from '../../src/graph/graph.js';
import { pack } from '../../src/pack/index.js';
import type { Pass } from '../../src/passes/pass.js';
import { PatchBuilder } from '../../src/passes/patch.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { addModel, constant, op, placeholder, type RawModel, realModel, scratch, writeModel } from '../fixtures/models.js';
import { pannierHere } from '../fixtures/terminal.js';

const T = { T: { type: 'DT_FLOAT' } };

/** y = -(x + 0) + -(x + 0), where both halves are computed. */
function doubled(): RawModel {
  const info = (name: string) => ({ name, dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '4' }] } });
  return {
    json: {
      format: 'graph-model',
      signature: { inputs: { 'x:0': info('x:0') }, outputs: { 'y:0': info('y:0') } },
      modelTopology: {
        node: [
          placeholder('x', [4]),
          constant('zero'),
          op('a', 'AddV2', ['x', 'zero'], T),
          op('b', 'Neg', ['a'], T),
          op('c', 'Neg', ['a'], T),
          op('y', 'AddV2', ['b', 'c'], T),
        ],
        versions: {},
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'zero', dtype: 'float32', shape: [4] }] }],
    },
    files: { 'w.bin': new Uint8Array(16) },
  };
}

it('prints each change, how often each pass found one, and what is left', async () => {
  expect(await pannierHere(['doctor', writeModel(doubled(), scratch()), '--passes'])).toEqual({
    status: 0,
    stderr: '',
    stdout: `1 drop neutral operands at tfjs AddV2 "a"
  - a: float32[4] = add(x, zero) # tfjs AddV2 "a"

2 merge equal nodes at tfjs Neg "c"
  - c: float32[4] = neg(x) # tfjs Neg "c"

     1 drop neutral operands
     1 merge equal nodes

Nodes: 4 before, 2 after. Weights: 0.0 kB before, 0.0 kB after.
`,
  });
});

it('says what is left where nothing changes', async () => {
  const { stdout } = await pannierHere(['doctor', writeModel(addModel(), scratch()), '--passes']);
  expect(stdout).toBe('Nodes: 1 before, 1 after. Weights: 0.0 kB before, 0.0 kB after.\n');
});

it('finds no wrong change in a real model', async () => {
  const { status, stdout } = await pannierHere(['doctor', realModel('gender'), '--passes', '--bisect']);
  expect(stdout).toMatch(/^None of \d+ rewrites is wrong: they move no output by more than [\de.-]+ of its largest value\.\n$/);
  expect(status).toBe(0);
});

/** A pass that is wrong on purpose, at the second place: b - c is no b + c. */
const WRONG: Pass = {
  name: 'subtract sums',
  rewrite({ op: name, inputs, outputs: [output], origin }, graph) {
    if (name !== 'add' || origin.name !== 'y') return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(output as Value, patch.op('sub', inputs, {}, origin)).build();
  },
};

it('finds a wrong pass by one command', async () => {
  const model = writeModel(doubled(), scratch());
  for (const [passes, number] of [
    [[...PORTABLE_PASSES, WRONG], 3],
    [[WRONG, ...PORTABLE_PASSES], 1],
  ] as const)
    expect(
      await showPasses(model, undefined, true, {}, passes),
    ).toBe(`Rewrite ${number} of 3, by the pass "subtract sums", is wrong: it moves output "y" by 1.0 of its largest value.

${number} subtract sums at tfjs AddV2 "y"
  - y: float32[4] = add(b, ${number === 1 ? 'c' : 'b'}) # tfjs AddV2 "y"
  + y: float32[4] = sub(b, ${number === 1 ? 'c' : 'b'}) # tfjs AddV2 "y"
`);
});

it('refuses a packed folder', async () => {
  const folder = scratch();
  const { out } = await pack({ model: writeModel(doubled(), folder), out: join(folder, 'packed') });
  const { status, stderr } = await pannierHere(['doctor', out, '--passes']);
  expect(status).toBe(1);
  expect(stderr).toContain('is packed: its graph is what the passes left. --graph prints it.');
});
