/** Which ops have no kernel for some of their cases: a run leaves them to the reference, whose code the engine then needs. */
import { expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { runPasses } from '../../src/passes/run-passes.js';
import { NETWORKS, type Network } from '../fixtures/torch/networks.js';
import { allCases } from '../kernels/cases.js';
import { runs } from '../tier.js';
import { packed, sizesOf } from './compiled.js';

/** The ops that a graph's module leaves to the reference. */
function hostOps(graph: Graph, feeds: ReadonlyMap<string, Tensor>): readonly string[] {
  const { plan } = compileModel(packed(bindSizes(graph, sizesOf(graph, feeds))), 'simd');
  const parts = plan.tail === null ? plan.hostParts : [...plan.hostParts, plan.tail];
  return parts.flatMap((part) => (part.graph as { readonly nodes: readonly { readonly op: string }[] }).nodes.map(({ op }) => op));
}

/** Sizes behind the first two, and so behind gathers by their answers, depend on values. */
const WITHOUT_KERNEL: ReadonlySet<string> = new Set(['nonzero', 'nonMaxSuppression', 'gather', 'layerNormalization']);

it('few ops have cases without a kernel', () => {
  const all = allCases();
  const every = Math.floor(all.length / runs(all.length, 500));
  const some = all.filter((_, place) => place % every === 0);
  const ops = some.flatMap(({ graph, feeds }) => hostOps(graph, new Map(Object.entries(feeds))));
  expect(ops.filter((op) => !WITHOUT_KERNEL.has(op))).toEqual([]);
});

it.each(Object.entries<Network>(NETWORKS))('%s has a kernel for every op', (name, { file, feeds }) => {
  const { graph } = readOnnx(parseModel(file(), `${name}.onnx`), new Map(), `${name}.onnx`);
  expect(hostOps(runPasses(graph, PORTABLE_PASSES).graph, feeds[0]!)).toEqual([]);
});
