/** The compiler: a graph becomes one WebAssembly module that runs all of it in one call. */
import { PannierError } from '../../base/errors.js';
import type { Node, NodeOf } from '../../graph/graph.js';
import { opError } from '../../graph/node-error.js';
import { type Build, HOST_FUNCTIONS, type HostFunction, Kernels } from './kernels/kernel.js';
import { interleave } from './kernels/panels.js';
import { lowerAttention } from './lower/attention.js';
import { lowerConvolution } from './lower/convolution.js';
import { lowerElementwise } from './lower/elementwise.js';
import { type Group, groupsOf } from './lower/fuse.js';
import { epilogueOf } from './lower/group-epilogue.js';
import { lowerOnHost } from './lower/host-op.js';
import { loweringOf } from './lower/lowerings.js';
import { lowerMatmul } from './lower/matmul.js';
import type { Lowering, Step } from './lower/step.js';
import { lowerStrip, stripsOf } from './lower/strip.js';
import { cutTail } from './lower/tail.js';
import { elementCount } from './lower/values.js';
import { type ClosedModel, planOf } from './make-plan.js';
import { layOutMemory, type MemoryLayout } from './memory/layout.js';
import { WeightLayout } from './memory/weight-layout.js';
import { type CompiledPlan, MAX_MEMORY_BYTES, PLAN_SECTION } from './plan.js';

const HOST_FUNCTION_NAMES = Object.keys(HOST_FUNCTIONS) as HostFunction[];

/** A compiled model. */
export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly plan: CompiledPlan;
  /** The steps that `run` calls, in order. */
  readonly steps: readonly Step[];
}

export interface CompileOptions {
  /** Exports each step as `step NUMBER`, so that a benchmark can time it: `run` calls all of them. */
  readonly exportsSteps?: boolean;
}

/**
 * Compiles a graph.
 * @throws {PannierError} `model-format`, naming a node for which there is no code, or the memory that the graph would need
 */
export function compile(model: ClosedModel, build: Build, { exportsSteps = false }: CompileOptions): Compiled {
  const { head: graph, tail } = cutTail(model.graph);
  const usedFunctions = HOST_FUNCTION_NAMES.filter((name) => graph.nodes.some(({ op }) => op === name));
  const lowering: Lowering = {
    graph,
    kernels: new Kernels(build, usedFunctions),
    weights: new WeightLayout(),
    constants: new Map(graph.constants.map((each) => [each.value.name, each])),
    hostParts: [],
  };
  const groups = groupsOf(graph).filter(({ root }) => !isAlias(root) && root.outputs.some((output) => elementCount(output) > 0));
  const steps = stripsOf(groups, lowering).map((each) => ('depthwise' in each ? lowerStrip(each, lowering) : lower(each, lowering)));
  const layout = layOutMemory(lowering, steps);
  if (layout.bytes > MAX_MEMORY_BYTES)
    throw new PannierError(
      'model-format',
      `The graph computes in ${layout.bytes} bytes of memory; a module has at most ${MAX_MEMORY_BYTES}.`,
    );
  writeModule(lowering, steps, layout, exportsSteps);
  const plan = planOf(model, tail, lowering, layout);
  const { module } = lowering.kernels;
  module.custom(PLAN_SECTION, JSON.stringify(plan));
  return { bytes: module.bytes, plan, steps };
}

/** Writes a function for each step, `run`, which calls them, and what lies in memory from the start. */
function writeModule({ kernels, weights }: Lowering, steps: readonly Step[], layout: MemoryLayout, exportsSteps: boolean): void {
  const { module } = kernels;
  module.export('interleave', interleave(kernels));
  const functions = steps.map((step, index) =>
    module.function(['i32'], undefined, (body, base) =>
      step.write({ body, of: (value) => layout.addressOf(value, base), scratch: layout.scratchOf(index, base) }),
    ),
  );
  const run = module.function(['i32'], undefined, (body, base) => {
    for (const step of functions) body.call(step, base);
  });
  module.export('run', run);
  if (exportsSteps) for (const [index, step] of functions.entries()) module.export(`step ${index}`, step);
  for (const { address, bytes } of weights.tables) module.data(address, bytes);
  module.memory(layout.bytes);
}

/** Ops whose output is their input under another shape. */
const isAlias = ({ op }: Node): boolean => op === 'reshape';

/** Lowers a group. An op that no kernel computes as it stands there goes to the host. */
function lower(group: Group, lowering: Lowering): Step {
  const { root, anchor, term, attention } = group;
  try {
    if (attention !== undefined) return lowerAttention(attention, lowering);
    if (anchor?.op === 'conv2d') return lowerConvolution(anchor as NodeOf<'conv2d'>, epilogueOf(group, lowering), lowering);
    if (anchor?.op === 'matmul') return lowerMatmul(anchor as NodeOf<'matmul'>, epilogueOf(group, lowering), lowering);
    if (term !== undefined) return lowerElementwise(root, term, lowering);
    return loweringOf(root)?.(root, lowering) ?? lowerOnHost(root, lowering);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    // The host computes single nodes, not what is fused.
    if (anchor === undefined || anchor === root) return lowerOnHost(root, lowering);
    throw opError(anchor.op, anchor.origin, thrown.message);
  }
}
