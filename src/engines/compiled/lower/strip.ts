/** Depthwise convolutions whose input or output is too large for the caches, with the 1 × 1 convolutions beside them, as one step. */
import type { Graph, NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { PANEL_COLUMNS } from '../kernels/matrix-tile.js';
import { isStrip, type Pointwise, type StripShape, strip, stripScratchBytes } from '../kernels/strip.js';
import { type Convolution, convolutionOf, depthwiseShape, isDepthwise, placeDepthwise, placePanels } from './convolution.js';
import type { Group } from './fuse.js';
import { epilogueOf } from './group-epilogue.js';
import type { Lowering, Step } from './step.js';
import { elementCount, memoryBytes, shapeOf } from './values.js';

/** A tensor of so many bytes leaves the second cache before it is read again. */
const MIN_BETWEEN_BYTES = 1_048_576;

/** Groups that become one step. */
export interface Strip {
  readonly expand: Group | undefined;
  readonly depthwise: Group;
  readonly project: Group | undefined;
}

const outputOf = ({ root }: Group): Value => root.outputs[0] as Value;
const convolutionIn = ({ anchor }: Group): NodeOf<'conv2d'> | undefined =>
  anchor?.op === 'conv2d' ? (anchor as NodeOf<'conv2d'>) : undefined;

/** Whether a convolution takes each place of a picture for itself. One with few outputs has a better kernel of its own. */
function isPointwise({ node, filter, output, top, left }: Convolution): boolean {
  const { strides, groups } = node.attributes;
  const isOne = [...shapeOf(filter).slice(0, 2), ...strides, groups].every((size) => size === 1);
  return isOne && top + left === 0 && (shapeOf(output)[3] as number) >= PANEL_COLUMNS;
}

/** Finds strips. Each stands where its last group stood, when all that it reads is there. */
export function stripsOf(groups: readonly Group[], lowering: Lowering): readonly (Group | Strip)[] {
  const uses = usesOf(lowering.graph);
  const isOnlyUse = (value: Value): boolean => uses.get(value.name) === 1;
  const producers = new Map(groups.map((group) => [outputOf(group).name, group]));
  const takers = new Map(groups.flatMap((group) => (convolutionIn(group)?.inputs.slice(0, 1) ?? []).map((input) => [input?.name, group])));
  const operandsOf = (group: Group): number => epilogueOf(group, lowering).operands.length;
  const isJoined = (group: Group | undefined): group is Group => {
    const convolution = group && convolutionIn(group);
    return convolution !== undefined && isPointwise(convolutionOf(convolution));
  };
  const strips = new Map<Group, Strip>();
  const taken = new Set<Group>();
  for (const group of groups) {
    const convolution = convolutionIn(group);
    if (convolution === undefined || !isDepthwise(convolution) || !isStrip(depthwiseShape(convolutionOf(convolution)))) continue;
    const [input] = convolution.inputs as readonly [Value];
    const output = outputOf(group);
    if (shapeOf(input)[0] !== 1 || Math.max(memoryBytes(input), memoryBytes(output)) < MIN_BETWEEN_BYTES) continue;
    const before = producers.get(input.name);
    const behind = takers.get(output.name);
    const expand = isOnlyUse(input) && isJoined(before) && !taken.has(before) && operandsOf(before) === 0 ? before : undefined;
    const project = isOnlyUse(output) && isJoined(behind) && operandsOf(group) === 0 ? behind : undefined;
    if (expand === undefined && project === undefined) continue;
    const all = [expand, group, project].filter((each) => each !== undefined);
    for (const each of all) taken.add(each);
    strips.set(all.at(-1) as Group, { expand, depthwise: group, project });
  }
  return groups.flatMap<Group | Strip>((group) => strips.get(group) ?? (taken.has(group) ? [] : [group]));
}

/** How often each value is read; an output of the graph counts twice, since it must be there as a whole. */
function usesOf({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...outputs, ...outputs])
    if (value !== null) uses.set(value.name, (uses.get(value.name) ?? 0) + 1);
  return uses;
}

export function lowerStrip({ expand, depthwise, project }: Strip, lowering: Lowering): Step {
  const { kernels, weights } = lowering;
  const first = expand && pointwise(expand, lowering);
  const middle = convolutionOf(depthwise.anchor as NodeOf<'conv2d'>);
  const end = epilogueOf(depthwise, lowering);
  const address = placeDepthwise(middle, end, lowering);
  const last = project && pointwise(project, lowering);
  const shape: StripShape = {
    ...{ expand: first?.pointwise, depthwise: depthwiseShape(middle), epilogue: end.epilogue, project: last?.pointwise },
  };
  const run = strip(kernels, shape);
  const { operands, output } = last?.end ?? end;
  const input = first?.input ?? middle.input;
  return {
    node: (project ?? depthwise).anchor as NodeOf<'conv2d'>,
    before: [expand, project && depthwise].flatMap((group) => group?.anchor ?? []),
    reads: [input, ...operands],
    writes: [output],
    mayReplace: operands.filter((each) => each !== input),
    scratchBytes: stripScratchBytes(shape),
    write: ({ body, of, scratch }) => {
      const to = body.let(of(output));
      const placed = [i32.const(weights.zeros), ...[first?.address ?? 0, address, last?.address ?? 0].map(i32.const)];
      body.call(run, of(input), to, scratch, ...placed, ...operands.map((each) => i32.sub(of(each), to)));
    },
  };
}

/** Places the weights of a 1 × 1 convolution. */
function pointwise(group: Group, lowering: Lowering) {
  const convolution = convolutionOf(group.anchor as NodeOf<'conv2d'>);
  const { input, filter } = convolution;
  const [made, taken] = [elementCount(filter) / (shapeOf(input)[3] as number), shapeOf(input)[3] as number];
  const end = epilogueOf(group, lowering);
  const [address] = placePanels(convolution, { run: taken, loops: [] }, end, lowering);
  const joined: Pointwise = { taken, made, epilogue: end.epilogue };
  return { pointwise: joined, address: address as number, input, end };
}
