/** The compiler: a graph becomes one WebAssembly module that runs all of it in one call. */
import { graphJson } from '../../graph/file.js';
import type { Constant, Graph, Node, NodeOf, Value } from '../../graph/graph.js';
import { nodeError } from '../../graph/node-error.js';
import { isClosed } from '../../graph/tensor.js';
import type { I32 } from './asm/code.js';
import { i32 } from './asm/scalar.js';
import { type Build, HOST_FUNCTIONS, type HostFunction, Kernels } from './kernels/kernel.js';
import { interleave } from './kernels/panels.js';
import { lowerConvolution } from './lower/convolution.js';
import { lowerElementwise } from './lower/elementwise.js';
import { type Group, groupsOf } from './lower/fuse.js';
import { epilogueOf } from './lower/group-epilogue.js';
import { lowerOnHost } from './lower/host-op.js';
import { loweringOf } from './lower/lowerings.js';
import { lowerMatmul } from './lower/matmul.js';
import type { Lowering, Step } from './lower/step.js';
import { cutTail } from './lower/tail.js';
import { elementCount, memoryBytes, shapeOf } from './lower/values.js';
import { planArena, type Tenant } from './memory/arena.js';
import { tenantsOf } from './memory/tenants.js';
import { WeightLayout } from './memory/weight-layout.js';
import { type CompiledPlan, type HostPart, PLAN_SECTION, type PlacedTensor } from './plan.js';

const HOST_FUNCTION_NAMES = Object.keys(HOST_FUNCTIONS) as HostFunction[];

/** A compiled model. */
export interface Compiled {
  /** The nodes of the steps, in order. */
  readonly steps: readonly Node[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly plan: CompiledPlan;
}

/**
 * Compiles a graph.
 * @param whole verified and simplified; no size of an input is open
 * @param exportsSteps whether each step is exported as `step N`, for profiles
 * @throws {PannierError} `model-format`, naming a node that only TF.js can run
 */
export function compile(whole: Graph, build: Build, exportsSteps = false): Compiled {
  const opaque = whole.nodes.find(({ op }) => op === 'tfjsGraph');
  if (opaque !== undefined) throw nodeError(opaque.origin, 'is computed by TF.js only');
  const open = whole.inputs.find(({ type }) => type === null || !isClosed(type.shape));
  if (open !== undefined) throw new Error(`The size of the input "${open.name}" is open.`);
  const { head: graph, tail } = cutTail(whole);
  const kernels = new Kernels(
    build,
    HOST_FUNCTION_NAMES.filter((name) => graph.nodes.some(({ op }) => op === name)),
  );
  const weights = new WeightLayout();
  const constants = new Map(graph.constants.map((each) => [each.value.name, each]));
  const lowering: Lowering = { graph, kernels, weights, constants, hostParts: [] };
  const groups = groupsOf(graph);
  const steps = groups
    .filter(({ root }) => !isAlias(root) && root.outputs.some((output) => elementCount(output) > 0))
    .map((group) => lower(group, lowering));
  const { tenants, ownerOf } = tenantsOf(graph, steps);
  for (const value of [...steps.flatMap(({ reads }) => reads), ...graph.outputs]) {
    const constant = constants.get(ownerOf(value));
    if (constant !== undefined) weights.plain(constant);
  }
  const scratches = steps.map((step, index): Tenant => ({ name: `scratch ${index}`, bytes: step.scratchBytes, first: index, last: index }));
  const arena = planArena([...tenants, ...scratches.filter(({ bytes }) => bytes > 0)]);
  const offsetOf = (value: Value): number => arena.offsets.get(ownerOf(value)) ?? 0;
  kernels.module.export('interleave', interleave(kernels));
  const arenaAddress = Math.ceil(weights.bytes / 65_536) * 65_536;
  const addressOf = (value: Value, base: I32): I32 => {
    const constant = constants.get(ownerOf(value));
    return constant === undefined ? i32.offset(base, offsetOf(value)) : i32.const(weights.plain(constant));
  };
  const functions = steps.map((step, index) =>
    kernels.module.function(['i32'], undefined, (body, base) =>
      step.write({
        body,
        of: (value) => addressOf(value, base),
        scratch: i32.offset(base, arena.offsets.get(`scratch ${index}`) ?? 0),
      }),
    ),
  );
  const run = kernels.module.function(['i32'], undefined, (body, base) => {
    for (const step of functions) body.call(step, base);
  });
  if (exportsSteps) for (const [index, step] of functions.entries()) kernels.module.export(`step ${index}`, step);
  kernels.module.export('run', run);
  for (const { address, bytes } of weights.tables) kernels.module.data(address, bytes);
  const largest = Math.max(0, ...[...weights.placements.keys()].map((name) => memoryBytes(constants.get(name)?.value as Value)));
  kernels.module.memory(arenaAddress + Math.max(arena.bytes, largest) + 65_536);
  const placed = (value: Value): PlacedTensor => ({
    name: value.name,
    dataType: (value.type as NonNullable<Value['type']>).dataType,
    shape: shapeOf(value),
    offset: constants.has(ownerOf(value)) ? weights.plain(constants.get(ownerOf(value)) as Constant) - arenaAddress : offsetOf(value),
  });
  const hostPart = (part: Graph, outputs: readonly PlacedTensor[]): HostPart => ({
    graph: graphJson(part, []),
    inputs: part.inputs.map(placed),
    outputs,
  });
  const plan: CompiledPlan = {
    inputs: graph.inputs.map(placed),
    outputs: whole.outputs.filter(({ name }) => !tail?.outputs.some((each) => each.name === name)).map(placed),
    placements: Object.fromEntries(weights.placements),
    arenaAddress,
    arenaBytes: arena.bytes,
    hostParts: lowering.hostParts.map((part) => hostPart(part, part.outputs.map(placed))),
    tail: tail === undefined ? null : hostPart(tail, []),
  };
  kernels.module.custom(PLAN_SECTION, JSON.stringify(plan));
  return { steps: steps.map(({ node }) => node), bytes: kernels.module.bytes, plan };
}

/** Ops whose output is their input under another shape. */
const isAlias = ({ op }: Node): boolean => op === 'reshape';

/** Lowers a group. An op that no kernel computes as it stands there goes to the host. */
function lower(group: Group, lowering: Lowering): Step {
  const { root, anchor, term } = group;
  try {
    if (anchor?.op === 'conv2d') return lowerConvolution(anchor as NodeOf<'conv2d'>, epilogueOf(group, lowering), lowering);
    if (anchor?.op === 'matmul') return lowerMatmul(anchor as NodeOf<'matmul'>, epilogueOf(group, lowering), lowering);
    if (term !== undefined) return lowerElementwise(root, term, lowering);
    return loweringOf(root)?.(root, lowering) ?? lowerOnHost(root, lowering);
  } catch (thrown) {
    // The host computes single nodes, not what is fused.
    if (thrown instanceof RangeError && (anchor === undefined || anchor === root)) return lowerOnHost(root, lowering);
    throw thrown;
  }
}
