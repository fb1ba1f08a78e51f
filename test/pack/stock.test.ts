/** No lock-in: stock `tf.loadGraphModel` opens what was packed and answers as for the original. */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAX_DIFFERENCE } from '../../src/pack/golden/difference.js';
import { pack } from '../../src/pack/index.js';
import { expectClose } from '../fixtures/expect-close.js';
import { addModel, loopModel, realModel, scratch, twoInputModel, writeModel } from '../fixtures/models.js';
import { namedNodes } from '../fixtures/named-nodes.js';
import { longTest } from '../tier.js';

const folder = scratch();
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(decodeURIComponent(request.url ?? '')));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

/** What stock TF.js answers for the outputs, by node: their shapes, and their values. */
async function answers(path: string, inputs: Record<string, Tensor>, outputs: string[], controlFlow: boolean) {
  const model = await loadGraphModel(`${address}${path}`);
  const given = controlFlow ? await model.executeAsync(inputs, outputs) : model.execute(inputs, outputs);
  const all = await Promise.all([given].flat().map(async (each) => ({ shape: each.shape, data: await each.data() })));
  model.dispose();
  return all;
}

const ramp = (shape: number[], dtype: 'float32' | 'int32') =>
  tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => (dtype === 'int32' ? index % 256 : (index % 100) / 100)),
    shape,
    dtype,
  );

it.each([
  ['liveness', realModel('liveness')],
  ['emotion', realModel('emotion')],
  ['add', writeModel(addModel(), join(folder, 'add'))],
  ['two inputs', writeModel(twoInputModel(), join(folder, 'two'))],
  ['a loop', writeModel(loopModel(), join(folder, 'loop'))],
])('%s', expectStock);

// The reference alone takes seconds for so large a model.
longTest('handlandmark-lite', () => expectStock('handlandmark-lite', realModel('handlandmark-lite')));

async function expectStock(name: string, path: string): Promise<void> {
  const { out, manifest } = await pack({ model: path, out: join(folder, `${name}-out`) });
  const nodes = namedNodes(manifest);
  const inputs = Object.fromEntries(
    Object.entries(manifest.signature.inputs).map(([name, { dtype, shape }]) => [
      nodes.inputs[name] as string,
      ramp(
        (shape ?? []).map((dim) => dim ?? 1),
        dtype as 'float32',
      ),
    ]),
  );
  const outputs = Object.keys(manifest.signature.outputs).map((name) => nodes.outputs[name] as string);
  const packed = await answers(join(out, manifest.targets.tfjs.graph.name), inputs, outputs, manifest.controlFlow);
  const wanted = await answers(path, inputs, outputs, manifest.controlFlow);
  expect(packed.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
  // Passes round otherwise than the file's own graph, and may move an output by this.
  for (const [index, { data }] of packed.entries()) expectClose(data, wanted[index]?.data ?? [], outputs[index], MAX_DIFFERENCE);
  expect(packed).toHaveLength(outputs.length);
}
