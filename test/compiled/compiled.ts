/** Runs graphs through the compiler. */
import { compile } from '../../src/engines/compiled/compile.js';
import { instantiate } from '../../src/engines/compiled/instance.js';
import type { Build } from '../../src/engines/compiled/kernels/kernel.js';
import type { RawOutput } from '../../src/engines/engine.js';
import { bindSizes } from '../../src/graph/bind-sizes.js';
import { tensorOf } from '../../src/graph/constant.js';
import type { Constant, Graph } from '../../src/graph/graph.js';
import { isOpen } from '../../src/graph/size.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { KernelCase } from '../kernels/case.js';
import { differenceOf } from '../kernels/compare.js';
import { expectedOf } from '../kernels/run.js';
import { allowedOf } from '../kernels/tolerance.js';

/** The numbers that a graph's open sizes are for some feeds. */
function sizesOf({ inputs }: Graph, feeds: ReadonlyMap<string, Tensor>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, type } of inputs)
    for (const [axis, size] of type!.shape.entries()) if (isOpen(size)) sizes.set(size.text, feeds.get(name)!.shape[axis]!);
  return sizes;
}

/** The answers of a graph's module, in the order of its outputs. */
export async function compiledAnswers(whole: Graph, feeds: ReadonlyMap<string, Tensor>, build: Build): Promise<readonly Tensor[]> {
  const graph = bindSizes(whole, sizesOf(whole, feeds));
  const constants = new Map(graph.constants.map((each) => [each.value.name, each]));
  const instance = await instantiate(compile(graph, build).bytes, (name) => tensorOf(constants.get(name) as Constant));
  // The second run finds what the first one left in memory.
  instance.run(feeds);
  const answers = instance.run(feeds);
  return graph.outputs.map(({ name }) => answers.get(name) as Tensor);
}

/** A tensor as an engine gives it. */
export const rawOutput = ({ dataType, ...rest }: Tensor): RawOutput => ({ ...rest, dtype: dataType }) as RawOutput;

/** The differences of a case; none if it is right. */
export async function problemsOf(each: KernelCase, build: Build): Promise<readonly string[]> {
  const wanted = expectedOf(each.graph, each.feeds);
  const got = await compiledAnswers(each.graph, new Map(Object.entries(each.feeds)), build);
  const allowed = allowedOf(each, wanted, 'wasm');
  return wanted.flatMap((tensor, index) => {
    const difference = differenceOf(tensor, rawOutput(got[index]!), allowed[index] ?? (() => 0));
    return difference === undefined ? [] : [`${each.id}: ${difference}`];
  });
}
