/** Chooses the inputs of the golden samples. */
import { sizeOf } from '../../base/dtype.js';
import type { Graph } from '../../graph/graph.js';
import { isOpen, sizeText } from '../../graph/size.js';
import type { GoldenInput, InputSpec } from '../../manifest/manifest.js';
import { MAX_VALUES } from '../../manifest/sizes.js';
import type { ResolvedInput } from '../inputs/inputs.js';
import type { GoldenPicture } from './picture.js';
import { integerRange, quantizedRange } from './ranges.js';

/** The inputs of one sample by name. */
type GoldenInputs = Readonly<Record<string, GoldenInput>>;

/** Golden inputs and the start of the golden file, which they point into. */
export interface GoldenPlan {
  readonly samples: readonly [first: GoldenInputs, second: GoldenInputs];
  /** Absent if the batch of no input is open. */
  readonly batch?: GoldenInputs;
  readonly bytes: Uint8Array;
}

/** The least and the greatest number. */
type Range = readonly [min: number, max: number];

/** Floats from which below which, where nothing bounds them. */
const BOTH_SIGNS: Range = [-2, 2];
const FROM_ZERO: Range = [0, 1];

/** The distance between the seeds of the two samples, so that no input repeats another one's values. */
const SEEDS = 1000;

/**
 * Chooses the inputs: the picture for an image input and its mirror image for the second sample, rows for columns, else seeded
 * numbers. All image inputs share one picture.
 * @param graph the model's graph, whose inputs are these: it bounds whole numbers, which are 0 and 1 without it
 * @returns a plan with floats of both signs and, if there are such, one with floats in [0, 1) for a model that has no answer to others
 */
export function planGolden(inputs: readonly ResolvedInput[], picture: GoldenPicture, graph?: Graph): readonly GoldenPlan[] {
  const ranges = graph === undefined ? [] : indexRanges(graph, inputs);
  const plan = planWith(BOTH_SIGNS, inputs, picture, ranges);
  const hasBothSigns = Object.values(plan.samples[0]).some((input) => input.kind === 'uniform' && input.low === BOTH_SIGNS[0]);
  return hasBothSigns ? [plan, planWith(FROM_ZERO, inputs, picture, ranges)] : [plan];
}

function planWith(
  [low, high]: Range,
  inputs: readonly ResolvedInput[],
  { width, height, rgb }: GoldenPicture,
  ranges: readonly (Range | undefined)[],
): GoldenPlan {
  const numbersOf = ({ spec: { dtype } }: ResolvedInput, range: Range | undefined) => {
    if (range !== undefined) return { low: range[0], high: range[1] + 1 };
    return dtype === 'float32' ? { low, high } : { low: 0, high: 2 };
  };
  const sample = (which: 0 | 1): GoldenInputs => {
    const plans = inputs.map((input, index): [string, GoldenInput] => {
      const { name, spec, shape } = input;
      const seed = index + 1 + which * SEEDS;
      if (spec.image !== undefined) return [name, { kind: 'picture', offset: 0, width, height, variant: which, shape }];
      if (spec.columns !== undefined) return [name, { kind: 'rows', seed, shape }];
      return [name, { kind: 'uniform', seed, ...numbersOf(input, ranges[index]), shape }];
    });
    return Object.fromEntries(plans);
  };
  const samples = [sample(0), sample(1)] as const;
  const batch = batchOf(inputs, samples[0]);
  const hasPicture = Object.values(samples[0]).some(({ kind }) => kind === 'picture');
  return { samples, ...(batch && { batch }), bytes: hasPicture ? rgb : new Uint8Array() };
}

/** Rows of the batch. One row and its copy would hide a kernel that mixes rows up. */
const BATCH = 3;

/** The first sample with more rows where a batch is open; undefined if none is, or if the sample has several rows by itself. */
function batchOf(inputs: readonly ResolvedInput[], sample: GoldenInputs): GoldenInputs | undefined {
  const open = inputs.filter(({ spec }) => isBatchOpen(spec));
  if (open.length === 0 || open.some(({ shape }) => shape[0] !== 1 || BATCH * sizeOf(shape) > MAX_VALUES)) return undefined;
  const larger = open.map(({ name, shape }) => [name, { ...(sample[name] as GoldenInput), shape: shape.with(0, BATCH) }] as const);
  return { ...sample, ...Object.fromEntries(larger) };
}

const isBatchOpen = ({ shape, pad, shapes = [] }: InputSpec): boolean =>
  shape?.[0] === null && pad?.axis !== 0 && shapes.every(([rows]) => rows === null);

/** By input, the whole numbers that the graph bounds. Open sizes are those of the samples. */
function indexRanges(graph: Graph, inputs: readonly ResolvedInput[]): readonly (Range | undefined)[] {
  const values = inputs.map((_, index) => graph.inputs[index]);
  const sizes = new Map<string, number>();
  for (const [index, value] of values.entries())
    for (const [axis, size] of value?.type?.shape.entries() ?? [])
      if (isOpen(size)) sizes.set(sizeText(size), inputs[index]?.shape[axis] as number);
  return values.map((value) => value && (integerRange(graph, value, sizes) ?? quantizedRange(graph, value)));
}
