/** ONNX models, byte for byte and tensor for tensor: protocol buffers that are cut and stained, and the nodes that they then have. */
import fc from 'fast-check';
import { parseModel } from '../../../src/formats/onnx/proto.js';
import { readOnnx } from '../../../src/formats/onnx/read/read.js';
import { verify } from '../../../src/graph/verify.js';
import { type OnnxGraph, onnxModel } from '../../fixtures/onnx.js';
import { PIPELINES } from '../../fixtures/sklearn/pipelines.js';
import { stained } from '../mutation.js';
import { refusableInOneLine, surface } from '../surface.js';

const whole = (values: readonly number[]) => ({ dims: [values.length], values, type: 'int64' as const });

/** A network with windows, and a reshape whose sizes are computed. */
const NETWORK: OnnxGraph = {
  nodes: [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] } },
    { op: 'MaxPool', inputs: ['c'], outputs: ['p'], attributes: { kernel_shape: [2n, 2n] } },
    { op: 'Resize', inputs: ['p', '', 'scales'], outputs: ['r'], attributes: { mode: 'cubic' } },
    { op: 'Shape', inputs: ['r'], outputs: ['s'] },
    { op: 'Slice', inputs: ['s', 'start', 'end'], outputs: ['batch'] },
    { op: 'Concat', inputs: ['batch', 'rest'], outputs: ['sizes'], attributes: { axis: 0n } },
    { op: 'Reshape', inputs: ['r', 'sizes'], outputs: ['y'] },
  ],
  inputs: [{ name: 'x', shape: [1, 3, 16, 16] }],
  outputs: [{ name: 'y' }],
  initializers: {
    w: { dims: [4, 3, 3, 3], values: Array(108).fill(0.5) },
    scales: { dims: [4], values: [1, 1, 1.5, 1.5] },
    ...{ start: whole([0]), end: whole([1]), rest: whole([-1]) },
  },
};

/** A recurrent layer, a loop and a branch. */
const STEPS: OnnxGraph = {
  nodes: [
    { op: 'LSTM', inputs: ['x', 'w', 'r'], outputs: ['', 'h'], attributes: { hidden_size: 2n } },
    {
      op: 'Loop',
      inputs: ['count', '', 'h'],
      outputs: ['l'],
      attributes: {
        body: {
          nodes: [
            { op: 'Identity', inputs: ['c'], outputs: ['next'] },
            { op: 'Tanh', inputs: ['v'], outputs: ['t'] },
          ],
          inputs: [{ name: 'i', type: 'int64' }, { name: 'c', type: 'bool' }, { name: 'v' }],
          outputs: [{ name: 'next' }, { name: 't' }],
        },
      },
    },
    {
      op: 'If',
      inputs: ['choice'],
      outputs: ['y'],
      attributes: {
        then_branch: { nodes: [{ op: 'Neg', inputs: ['l'], outputs: ['a'] }], outputs: [{ name: 'a' }] },
        else_branch: { nodes: [{ op: 'Abs', inputs: ['l'], outputs: ['b'] }], outputs: [{ name: 'b' }] },
      },
    },
  ],
  inputs: [
    { name: 'x', shape: [3, 1, 2] },
    { name: 'choice', type: 'bool', shape: [] },
  ],
  outputs: [{ name: 'y' }],
  initializers: {
    w: { dims: [1, 8, 2], values: Array(16).fill(0.1) },
    r: { dims: [1, 8, 2], values: Array(16).fill(0.2) },
    count: { dims: [], values: [3], type: 'int64' },
  },
};

export const onnx = surface({
  name: 'onnx',
  share: 40,
  inputs: stained(fc.constantFrom(onnxModel(NETWORK), onnxModel(STEPS), ...PIPELINES.map(({ file }) => file(true))), (bytes) => bytes),
  maxBytes: ({ bytes }) => 10 * bytes.length + 256 * 2 ** 20,
  feed: ({ bytes }) =>
    refusableInOneLine(() => {
      const { graph } = readOnnx(parseModel(bytes, 'model.onnx'), new Map(), 'model.onnx');
      verify(graph);
    }),
});
