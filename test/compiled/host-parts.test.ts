/** Which ops have no kernel for some of their cases: a run leaves them to the reference, whose code the engine then needs. */
import { expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { hostOps } from '../../src/engines/compiled/plan.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import type { Graph } from '../../src/graph/graph.js';
import { isOpen } from '../../src/graph/size.js';
import { planModel } from '../../src/pack/planned-model.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { FILES } from '../conformance/onnx-files/files.mjs';
import { NETWORKS, type Network } from '../fixtures/torch/networks.js';
import { allCases } from '../kernels/cases.js';
import { longTest, runs } from '../tier.js';
import { packed, sizesOf } from './compiled.js';

/** The ops that a graph's module leaves to the reference. */
const hostOpsOf = (graph: Graph): readonly string[] => hostOps(compileModel(packed(graph), 'simd').plan);

/** Sizes behind the first two, and so behind gathers by their answers, depend on values. */
const WITHOUT_KERNEL: ReadonlySet<string> = new Set(['nonzero', 'nonMaxSuppression', 'gather', 'layerNormalization']);

it('few ops have cases without a kernel', () => {
  const all = allCases();
  const every = Math.floor(all.length / runs(all.length, 500));
  const some = all.filter((_, place) => place % every === 0);
  const ops = some.flatMap(({ graph, feeds }) => hostOpsOf(bindSizes(graph, sizesOf(graph, new Map(Object.entries(feeds))))));
  expect(ops.filter((op) => !WITHOUT_KERNEL.has(op))).toEqual([]);
});

interface File {
  readonly file: string;
  readonly inputs: Readonly<Record<string, { readonly shape?: readonly number[] }>>;
}

longTest.each(Object.entries(FILES as Readonly<Record<string, File>>))('%s has a kernel for every op', async (_, { file, inputs }) => {
  const { read } = await planModel({ model: file, inputs });
  const sizes = read.graph.inputs.flatMap(({ name, type }) =>
    type!.shape.flatMap((size, axis) => (isOpen(size) ? [[size.text, inputs[name]?.shape?.[axis] ?? 1] as const] : [])),
  );
  expect(hostOpsOf(runPasses(bindSizes(read.graph, new Map(sizes)), PORTABLE_PASSES).graph)).toEqual([]);
});

it.each(Object.entries<Network>(NETWORKS))('%s has a kernel for every op', (name, { file, feeds }) => {
  const { graph } = readOnnx(parseModel(file(), `${name}.onnx`), new Map(), `${name}.onnx`);
  expect(hostOpsOf(runPasses(bindSizes(graph, sizesOf(graph, feeds[0]!)), PORTABLE_PASSES).graph)).toEqual([]);
});
