/** `pack --verify` of a .tflite: LiteRT.js in a browser answers the golden samples as Pannier's graph does, or packing fails. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { scratch } from '../fixtures/models.js';
import { type TfliteFixtureGraph, tfliteModel } from '../fixtures/tflite.js';

const folder = scratch();

/** A row of x times weights, which differ between the file that is read and the one that LiteRT.js gets. */
const scaled: TfliteFixtureGraph = {
  tensors: { x: { shape: [2, 3] }, w: { shape: [3], values: [1, -2, 3] }, y: { shape: [2, 3] } },
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op: 'MUL', inputs: ['x', 'w'], outputs: ['y'], options: [] }],
};

function written(name: string, graph: TfliteFixtureGraph) {
  const model = join(folder, `${name}.tflite`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(model, tfliteModel([graph]));
  return { model, out: join(folder, name), verify: true };
}

it('answers as the graph does', async () => {
  const { manifest } = await pack(written('scaled', scaled));
  expect(manifest.verified).toEqual({ runtime: '@litertjs/core 2.5.3', differences: { y: 0 } });
});

it('is refused in one line where LiteRT.js does not run the file', async () => {
  const open = { ...scaled, tensors: { ...scaled.tensors, x: { shape: [-1, 3] }, y: { shape: [-1, 3] } } };
  await expect(pack({ ...written('open', open), inputs: { x: { shape: [2, 3] } } })).rejects.toThrow(
    /^@litertjs\/core 2\.5\.3 does not run open\.tflite, so that there is nothing to verify by: page\.evaluate: .*/,
  );
});
