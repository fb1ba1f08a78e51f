/** `pannier doctor --graph` prints what Pannier reads from a model file. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPackedGraph } from '../../apps/cli/packed-graph.js';
import { tensorOf } from '../../src/graph/constant.js';
import { pack } from '../../src/pack/index.js';
import { addModel, loopModel, realModel, scratch, writeModel } from '../fixtures/models.js';
import { pannierHere } from '../fixtures/terminal.js';

it('has a line for each input, constant, node and output, then counts ops', async () => {
  const model = writeModel(addModel([-1, 4]), scratch());
  expect(await pannierHere(['doctor', model, '--graph'])).toEqual({
    status: 0,
    stderr: '',
    stdout: `input x: float32[batch, 4]
constant w: float32[4]
y: float32[batch, 4] = add(x, w) # tfjs AddV2 "y"
output y

     1 add
`,
  });
});

it('names the nodes that only TF.js can run', async () => {
  const { status, stdout } = await pannierHere(['doctor', writeModel(loopModel(), scratch()), '--graph']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^opaque "[^"]+" \(\w+\) is an op that our graph does not have$/m);
  expect(stdout).toMatch(/^ {5}1 StatelessWhile$/m);
});

it('prints a real model, the most frequent op first', async () => {
  const { stdout } = await pannierHere(['doctor', realModel('emotion'), '--graph']);
  const counts = [...stdout.matchAll(/^ *(\d+) \w+$/gm)].map(([, count]) => Number(count));
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(stdout.match(/ # tfjs /g)).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
});

it('prints the graph of a packed folder, constants in the form in which they are stored', async () => {
  const folder = scratch();
  const model = writeModel(addModel([-1, 1024], new Float32Array(1024).fill(0.5)), folder);
  const { out, manifest } = await pack({ model, out: join(folder, 'packed'), inputs: { x: { shape: [1, 1024] } }, quantize: 'float16' });
  const { status, stdout } = await pannierHere(['doctor', out, '--graph']);
  const read = (await pannierHere(['doctor', model, '--graph'])).stdout;
  expect({ status, stdout }).toEqual({ status: 0, stdout: read.replace('float32[1024]\n', 'float32[1024] stored as float16\n') });
  const { constants } = await readPackedGraph(out, manifest);
  expect(constants.map(({ storage, bytes }) => [storage, bytes.length])).toEqual([[{ kind: 'float16' }, 2048]]);
  expect(tensorOf(constants[0]!).data).toEqual(new Float32Array(1024).fill(0.5));
});

it('refuses a graph file that is not as it was packed', async () => {
  const folder = scratch();
  const { out, manifest } = await pack({ model: writeModel(addModel(), folder), out: join(folder, 'packed') });
  appendFileSync(join(out, manifest.graph.name), ' ');
  const { status, stderr } = await pannierHere(['doctor', out, '--graph']);
  expect(status).toBe(1);
  expect(stderr).toContain(`${manifest.graph.name} of the packed model is not as it was packed. Pack it again.`);
});

it('prints the graph of an .onnx with the sizes and constants that it hangs on', async () => {
  const model = 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx';
  const flags = ['--shape', 'input=1,512', '--shape', 'state=2,1,128', '--constant', 'sr=16000'];
  const { status, stdout } = await pannierHere(['doctor', model, '--graph', ...flags]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^input input: float32\[1, 512\]\ninput state: float32\[2, 1, 128\]\n/);
  const without = await pannierHere(['doctor', model, '--graph', ...flags.slice(0, 4)]);
  expect([without.status, without.stderr]).toEqual([1, expect.stringContaining('--constant sr=NUMBER')]);
});

it('refuses sizes for a packed folder', async () => {
  const { out } = await pack({ model: writeModel(loopModel(), scratch()), out: join(scratch(), 'packed') });
  const { status, stderr } = await pannierHere(['doctor', out, '--graph', '--shape', 'x=1']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('--shape and --constant are for a model file')]);
});
