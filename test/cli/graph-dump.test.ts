/** `pannier doctor --graph` prints what Pannier reads from a model file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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

it('asks for the model file of a packed folder', async () => {
  const folder = join(scratch(), 'packed');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.js'), '');
  const { status, stderr } = await pannierHere(['doctor', folder, '--graph']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^pannier: --graph reads a model file, but \S+ is a packed folder\. Name the model\.json [^\n]*\n$/);
});
