/** An .onnx file is packed as it lies there: names, types, pictures, weights beside it, and the graph that TF.js runs. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pack } from '../../src/pack/index.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';
import { bytesOf, type OnnxGraph, onnxModel } from '../fixtures/onnx.js';
import { pannierHere } from '../fixtures/terminal.js';

const folder = scratch();
let count = 0;

/** Writes a model with files beside it. @returns its path */
function written(graph: OnnxGraph, files: Readonly<Record<string, Uint8Array>> = {}, name = 'net.onnx'): string {
  const own = join(folder, `model-${count++}`);
  mkdirSync(own);
  for (const [file, bytes] of Object.entries({ ...files, [name]: onnxModel(graph) })) writeFileSync(join(own, file), bytes);
  return join(own, name);
}

/** A classifier of pictures as PyTorch exports one. */
const classifier = (filter: OnnxGraph['initializers'] = { w: { dims: [2, 3, 1, 1], values: [1, 2, 3, -1, 0, 1] } }): OnnxGraph => ({
  nodes: [
    { op: 'Conv', inputs: ['input.1', 'w'], outputs: ['h'], name: '/conv/Conv' },
    { op: 'GlobalAveragePool', inputs: ['h'], outputs: ['p'], name: '/pool' },
    { op: 'Flatten', inputs: ['p'], outputs: ['f'], name: '/flatten' },
    { op: 'Softmax', inputs: ['f'], outputs: ['class/scores'], name: '/softmax', attributes: { axis: 1n } },
  ],
  inputs: [{ name: 'input.1', shape: ['batch_size', 3, 4, 8] }],
  outputs: [{ name: 'class/scores', shape: ['batch_size', 2] }],
  initializers: filter,
});

describe('a packed model', () => {
  it('has identifiers for names, and takes pictures whose channels come first', async () => {
    const out = join(folder, 'classifier');
    const { manifest, warnings } = await pack({ model: written(classifier()), out });
    expect(manifest.signature.inputs).toEqual({
      input1: expect.objectContaining({
        dtype: 'float32',
        shape: [null, 3, 4, 8],
        image: expect.objectContaining({ layout: 'nchw', width: 8, height: 4, channels: 'rgb' }),
      }),
    });
    expect(manifest.signature.outputs).toEqual({ classScores: { dtype: 'float32', shape: [null, 2] } });
    expect(manifest.golden.truth).toBe('reference');
    expect(warnings.join()).toContain('Input "input1" is taken for a picture with values from 0 to 1, which is a guess');
    expect(readFileSync(join(out, 'model.d.ts'), 'utf8')).toContain('Written by `pannier pack` from net.onnx.');
  });

  it('keeps options by the names in the file', async () => {
    const { manifest } = await pack({
      model: written(classifier()),
      out: join(folder, 'named'),
      inputs: { 'input.1': { name: 'photo', image: { scale: 1 / 255, offset: 0 } } },
      outputs: { 'class/scores': { labels: ['cat', 'dog'], values: 'probabilities' } },
    });
    expect(Object.keys(manifest.signature.inputs)).toEqual(['photo']);
    expect(manifest.signature.outputs['classScores']).toMatchObject({ shape: [null, 2], labels: ['cat', 'dog'] });
  });

  it('takes weights from a file beside it, which a build watches', async () => {
    const weights = bytesOf([1, 2, 3, -1, 0, 1], 'float32');
    const inside = written(classifier());
    const beside = written(classifier({ w: { dims: [2, 3, 1, 1], values: [], external: { location: 'net.onnx.data' } } }), {
      'net.onnx.data': weights,
    });
    const shards = async (model: string, out: string) =>
      (await pack({ model, out: join(folder, out) })).files.filter((file) => /shard/.test(file));
    expect(await shards(beside, 'beside')).toEqual(await shards(inside, 'inside'));
    expect(readFileSync(join(folder, 'beside/packed-from.json'), 'utf8')).toContain('net.onnx.data');
  });

  it('takes and gives whole numbers of 64 bits as int32', async () => {
    const graph: OnnxGraph = {
      nodes: [{ op: 'Gather', inputs: ['table', 'ids'], outputs: ['found'] }],
      inputs: [{ name: 'ids', type: 'int64', shape: [1, 3] }],
      outputs: [{ name: 'found', type: 'int64' }],
      initializers: { table: { dims: [5], values: [10, 11, 12, 13, 14], type: 'int64' } },
    };
    const { manifest } = await pack({ model: written(graph), out: join(folder, 'table') });
    expect(manifest.signature).toEqual({
      inputs: { ids: { dtype: 'int32', shape: [1, 3] } },
      outputs: { found: { dtype: 'int32', shape: [1, 3] } },
    });
  });

  it('takes bytes as they are', async () => {
    const graph: OnnxGraph = {
      nodes: [{ op: 'Cast', inputs: ['bytes'], outputs: ['y'], attributes: { to: 1n } }],
      inputs: [{ name: 'bytes', type: 'uint8', shape: [1, 3] }],
      outputs: [{ name: 'y' }],
    };
    const { manifest } = await pack({ model: written(graph), out: join(folder, 'bytes') });
    expect(manifest.signature.inputs['bytes']).toEqual({ dtype: 'uint8', shape: [1, 3] });
  });

  it('is named after its file', async () => {
    expect((await pack({ model: written(classifier()), out: join(folder, 'own-name') })).manifest.name).toBe('net');
    const inFolder = written(classifier(), {}, 'model.onnx');
    expect((await pack({ model: inFolder, out: join(folder, 'its-folder') })).manifest.name).toMatch(/^model-\d+$/);
  });
});

describe('inputs', () => {
  const half = (op: string) => ({ nodes: [{ op, inputs: ['x'], outputs: ['h'] }], outputs: [{ name: 'h' }] });
  const withMode: OnnxGraph = {
    nodes: [
      { op: 'Equal', inputs: ['the.mode', 'one'], outputs: ['c'] },
      { op: 'If', inputs: ['c'], outputs: ['y'], attributes: { then_branch: half('Relu'), else_branch: half('NoSuchOp') } },
    ],
    inputs: [
      { name: 'x', shape: ['batch', 3] },
      { name: 'the.mode', type: 'int64', shape: [] },
    ],
    outputs: [{ name: 'y' }],
    initializers: { one: { dims: [], values: [1], type: 'int64' } },
  };

  it('with a constant vanish, and so do the branches for other values', async () => {
    const out = join(folder, 'mode');
    expect((await pannierHere(['pack', written(withMode), '--out', out, '--constant', 'theMode=1'])).status).toBe(0);
    expect(readFileSync(join(out, 'model.d.ts'), 'utf8')).not.toContain('theMode');
    expect(readFileSync(join(out, 'model.js'), 'utf8')).toMatch(/"?ops"?: \{\s*"?relu"?: 1,?\s*\}/);
    await expect(pack({ model: written(withMode), out: join(folder, 'modeless') })).rejects.toThrow(/condition on input "the\.mode"/);
  });

  it('keep open sizes where the model can be read with them, and else take those of the option alone', async () => {
    const recurrent: OnnxGraph = {
      nodes: [{ op: 'RNN', inputs: ['x', 'w', 'r'], outputs: ['y'], name: 'steps', attributes: { hidden_size: 1n } }],
      inputs: [{ name: 'x', shape: ['time', 'batch', 2] }],
      outputs: [{ name: 'y' }],
      initializers: { w: { dims: [1, 1, 2], values: [1, 2] }, r: { dims: [1, 1, 1], values: [0.5] } },
    };
    const model = written(recurrent);
    const inputs = { x: { shape: [4, 1, 2] } };
    const { manifest, warnings } = await pack({ model, out: join(folder, 'recurrent'), inputs });
    expect(manifest.signature.inputs['x']?.shape).toEqual([4, 1, 2]);
    expect(manifest.signature.outputs['y']?.shape).toEqual([4, 1, 1, 1]);
    expect(warnings.join()).toContain('"x" takes [4, 1, 2] alone, since node "steps" (RNN) cannot be read with open sizes.');
    await expect(pack({ model, out: join(folder, 'no-sizes') })).rejects.toThrow(
      /"steps" \(RNN\) has a sequence whose size is not known; .*--shape/,
    );
    const relu: OnnxGraph = { ...recurrent, nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], initializers: {} };
    const open = await pack({ model: written(relu), out: join(folder, 'open'), inputs });
    expect(open.manifest.signature.inputs['x']?.shape).toEqual([null, null, 2]);
  });

  it('of other formats have no constants', async () => {
    const model = writeModel(addModel(), join(folder, 'add'));
    await expect(pack({ model, out: join(folder, 'never-added'), inputs: { x: { constant: 1 } } })).rejects.toThrow(
      /Option inputs\["x"\]\.constant is for \.onnx files/,
    );
  });
});

describe('refusals', () => {
  const packing = (model: string) => () => pack({ model, out: join(folder, 'never') });
  const external = (location: string): OnnxGraph => classifier({ w: { dims: [2, 3, 1, 1], values: [], external: { location } } });

  it.each(['../net.bin', '/etc/passwd', 'a/../../b', ''])('a weight file at "%s"', async (location) => {
    await expect(packing(written(external(location)))()).rejects.toThrow(/a relative path inside the model's folder is wanted/);
  });

  it('a weight file that is a link out of the folder', async () => {
    const model = written(external('link.bin'));
    writeFileSync(join(folder, 'outside.bin'), bytesOf([1, 2, 3, -1, 0, 1], 'float32'));
    symlinkSync(join(folder, 'outside.bin'), join(model, '../link.bin'));
    await expect(packing(model)()).rejects.toThrow(/leads out of the model's folder/);
  });

  it('an op, by its node, in one line on the terminal', async () => {
    const model = written({
      nodes: [{ op: 'StringNormalizer', inputs: ['x'], outputs: ['y'], name: 'normalise' }],
      inputs: [{ name: 'x', shape: [2] }],
      outputs: [{ name: 'y' }],
    });
    const { status, stderr } = await pannierHere(['pack', model, '--out', join(folder, 'never')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^pannier: Node "normalise" \(StringNormalizer\) is an op that Pannier does not read\. .*\n$/);
  });

  it('writes nothing', () => expect(readdirSync(folder)).not.toContain('never'));
});
