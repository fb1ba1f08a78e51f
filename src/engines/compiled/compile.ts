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
import { cutTail, type Parts } from './lower/tail.js';
import { elementCount } from './lower/values.js';
import { type ClosedModel, type CompiledVariant, planOf } from './make-plan.js';
import { type ArenaLayout, layOutMemory, type MemoryLayout } from './memory/layout.js';
import { WeightLayout } from './memory/weight-layout.js';
import { type CompiledPlan, MAX_MEMORY_BYTES, PLAN_SECTION, runName } from './plan.js';

const HOST_FUNCTION_NAMES = Object.keys(HOST_FUNCTIONS) as HostFunction[];

/** A compiled model. */
export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly plan: CompiledPlan;
  /** The steps that `run` calls, in order, variant by variant. */
  readonly steps: readonly Step[];
}

export interface CompileOptions {
  /** Exports each step as `step NUMBER`, so that a benchmark can time it: `run` calls all of them. */
  readonly exportsSteps?: boolean;
}

/**
 * Compiles a graph.
 * @param models the graph with each choice of its open sizes; they share their weights and their arena
 * @throws {PannierError} `model-format`, naming a node for which there is no code, or the memory that the graph would need
 */
export function compile(
  models: readonly [ClosedModel, ...ClosedModel[]],
  build: Build,
  { exportsSteps = false }: CompileOptions,
): Compiled {
  const parts = models.map((model) => ({ model, ...cutTail(model.graph) }));
  const isUsed = (name: HostFunction) => parts.some(({ head }) => head.nodes.some(({ op }) => op === name));
  const kernels = new Kernels(build, HOST_FUNCTION_NAMES.filter(isUsed));
  const shared = { kernels, weights: new WeightLayout(), hostParts: [] };
  const variants = parts.map((part) => lowerVariant(part, shared)) as [CompiledVariant, ...CompiledVariant[]];
  const layout = layOutMemory(variants);
  if (layout.bytes > MAX_MEMORY_BYTES)
    throw new PannierError(
      'model-format',
      `The graph computes in ${layout.bytes} bytes of memory; a module has at most ${MAX_MEMORY_BYTES}.`,
    );
  writeModule(shared, variants, layout, exportsSteps);
  const plan = planOf(variants, layout);
  const { module } = kernels;
  module.custom(PLAN_SECTION, JSON.stringify(plan));
  return { bytes: module.bytes, plan, steps: variants.flatMap(({ steps }) => steps) };
}

/** The parts of a module that the variants of a graph share. */
type Shared = Pick<Lowering, 'kernels' | 'weights' | 'hostParts'>;

/** Chooses the kernels of a variant. */
function lowerVariant({ model, head, tail }: Parts & { readonly model: ClosedModel }, shared: Shared): CompiledVariant {
  const constants = new Map(head.constants.map((each) => [each.value.name, each]));
  const lowering: Lowering = { graph: head, constants, ...shared };
  const firstPart = lowering.hostParts.length;
  const groups = groupsOf(head).filter(({ root }) => !isAlias(root) && root.outputs.some((output) => elementCount(output) > 0));
  const steps = stripsOf(groups, lowering).map((each) => ('depthwise' in each ? lowerStrip(each, lowering) : lower(each, lowering)));
  return { model, tail, lowering, steps, hostParts: lowering.hostParts.slice(firstPart) };
}

/** Writes a function for each step, and for each variant `run`, which calls its steps. */
function writeModule(
  { kernels, weights }: Shared,
  variants: readonly CompiledVariant[],
  { arenas, bytes }: MemoryLayout,
  exportsSteps: boolean,
): void {
  const { module } = kernels;
  module.export('interleave', interleave(kernels));
  let exported = 0;
  for (const [variant, { steps }] of variants.entries()) {
    const arena = arenas[variant] as ArenaLayout;
    const functions = steps.map((step, index) =>
      module.function(['i32'], undefined, (body, base) =>
        step.write({ body, of: (value) => arena.addressOf(value, base), scratch: arena.scratchOf(index, base) }),
      ),
    );
    const run = module.function(['i32'], undefined, (body, base) => {
      for (const step of functions) body.call(step, base);
    });
    module.export(runName(variant), run);
    if (exportsSteps) for (const step of functions) module.export(`step ${exported++}`, step);
  }
  for (const { address, bytes: stored } of weights.tables) module.data(address, stored);
  module.memory(bytes);
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
