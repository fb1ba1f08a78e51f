/** ONNX models as files with a file of weights beside them: tensors that name each other in circles, huge sizes, places out of the folder. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readModel } from '../../../src/pack/model/read.js';
import { bytesOf, type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor, onnxModel } from '../../fixtures/onnx.js';
import { folderOf } from '../folder.js';
import { refusableInOneLine, surface } from '../surface.js';

const whole = (values: readonly number[]): OnnxTensor => ({ dims: [values.length], values, type: 'int64' });

/** A network of the nodes that exporters write most often, with a weight in a file beside it. */
const NETWORK: OnnxGraph = {
  nodes: [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] } },
    { op: 'Relu', inputs: ['c'], outputs: ['a'] },
    { op: 'Shape', inputs: ['a'], outputs: ['s'] },
    { op: 'Gather', inputs: ['s', 'first'], outputs: ['batch'] },
    { op: 'Concat', inputs: ['batch', 'rest'], outputs: ['sizes'], attributes: { axis: 0n } },
    { op: 'Reshape', inputs: ['a', 'sizes'], outputs: ['f'] },
    { op: 'Expand', inputs: ['one', 'wide'], outputs: ['e'] },
    { op: 'Gemm', inputs: ['f', 'm'], outputs: ['g'], attributes: { transB: 1n, alpha: 0.5 } },
    { op: 'Split', inputs: ['g', 'parts'], outputs: ['left', 'right'], attributes: { axis: 1n } },
    { op: 'Mul', inputs: ['left', 'right'], outputs: ['y'] },
  ],
  inputs: [{ name: 'x', shape: ['batch', 3, 8, 8] }],
  outputs: [{ name: 'y' }, { name: 'e' }],
  initializers: {
    w: { dims: [2, 3, 3, 3], values: [], external: { location: 'w.bin', offset: 0, length: 216 } },
    m: { dims: [4, 32], values: [], external: { location: 'w.bin', offset: 216, length: 512 } },
    ...{ first: whole([0]), rest: whole([-1]), parts: whole([2, 2]), wide: whole([2, 4]), one: { dims: [1], values: [1] } },
  },
};

const LOCATIONS = [
  'w.bin',
  './w.bin',
  'link.bin',
  '../w.bin',
  '/etc/passwd',
  'a/../../w.bin',
  '..',
  '.',
  '',
  'gone.bin',
  'C:\\w.bin',
  'a\nb',
];
const NUMBERS = [0, 1, 2, 3, 4, 8, 31, 32, 255, 2 ** 16, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 52];

/** One change of the network. `at` and `other` count its places round and round. */
const change = fc.record({
  kind: fc.constantFrom('input' as const, 'output' as const, 'size' as const, 'place' as const, 'attribute' as const, 'value' as const),
  at: fc.nat(1_000),
  other: fc.nat(1_000),
  number: fc.constantFrom(...NUMBERS, ...NUMBERS.map((each) => -each)),
  location: fc.constantFrom(...LOCATIONS),
});
type Change = Parameters<Parameters<typeof change.map>[0]>[0];

const placed = <T>(list: readonly T[], at: number, value: (old: T) => T): T[] =>
  list.map((old, index) => (index === at % list.length ? value(old) : old));

function withChange(graph: OnnxGraph, { kind, at, other, number, location }: Change): OnnxGraph {
  const names = [...new Set(graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))];
  const name = names[other % names.length] as string;
  const nodes = (make: (node: OnnxNode) => OnnxNode) => ({ ...graph, nodes: placed(graph.nodes, at, make) });
  const tensors = (make: (tensor: OnnxTensor) => OnnxTensor) => ({
    ...graph,
    initializers: Object.fromEntries(placed(Object.entries(graph.initializers ?? {}), at, ([key, tensor]) => [key, make(tensor)])),
  });
  switch (kind) {
    case 'input':
      return nodes((node) => ({ ...node, inputs: placed(node.inputs, other, () => name) }));
    case 'output':
      return nodes((node) => ({ ...node, outputs: placed(node.outputs, other, () => name) }));
    case 'size':
      return tensors((tensor) => ({ ...tensor, dims: placed(tensor.dims, other, () => number) }));
    case 'value':
      return tensors((tensor) => ({ ...tensor, values: placed(tensor.values, other, () => number) }));
    case 'place':
      return tensors((tensor) => ({
        ...tensor,
        external: { location, offset: number, length: NUMBERS[other % NUMBERS.length] as number },
      }));
    case 'attribute':
      return nodes((node) => ({ ...node, attributes: { ...node.attributes, ...attributeOf(node, other, number) } }));
  }
}

function attributeOf({ attributes = {} }: OnnxNode, other: number, number: number): Record<string, OnnxAttribute> {
  const names = Object.keys(attributes);
  const name = names[other % names.length];
  if (name === undefined) return { axis: BigInt(number) };
  const old = attributes[name];
  return { [name]: Array.isArray(old) ? placed(old as bigint[], other, () => BigInt(number)) : BigInt(number) };
}

const folder = folderOf('onnx');
const WEIGHTS = bytesOf(Array(182).fill(0.5), 'float32');
writeFileSync(join(folder, 'w.bin'), WEIGHTS);
rmSync(join(folder, 'link.bin'), { force: true });
symlinkSync('/etc/passwd', join(folder, 'link.bin'));
const model = join(folder, 'model.onnx');

export const onnxFiles = surface({
  name: 'onnx-files',
  share: 20,
  inputs: fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => onnxModel(changes.reduce(withChange, NETWORK))),
  maxBytes: (bytes) => 10 * (bytes.length + WEIGHTS.length) + 256 * 2 ** 20,
  feed: (bytes) => {
    writeFileSync(model, bytes);
    return refusableInOneLine(() => readModel(model));
  },
});
