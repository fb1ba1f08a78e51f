/** Makes the golden sample: its inputs, and the choice of outputs that are stored. */
import { sizeOf } from '../../base/dtype.js';
import type { EngineSignature, RawOutput } from '../../engines/engine.js';
import { type Graph, nodeOf } from '../../formats/tfjs/graph-def.js';
import { compareGolden, goldenValues, rangeOf, spreadOf } from '../../golden/sample.js';
import type { GoldenInput, GoldenOutput, GoldenSpec, InputSpec } from '../../manifest/manifest.js';
import type { Feed } from '../../preprocess/feed.js';
import { toTensor } from '../../preprocess/resize.js';
import type { GoldenPicture } from './picture.js';

/** The largest golden file. */
export const GOLDEN_BYTES = 64 * 1024;

/** Most stored values of one output. */
const VALUES = 1024;

/** Smallest spread of an output that is stored; below it, all zeros would pass the comparison. */
export const MIN_SPREAD = 1e-6;

/** The change of the second run's inputs, as a share of their range. */
const NUDGE = 1e-6;

/** The outputs of one run by name. */
export type Answers = Readonly<Record<string, RawOutput>>;

/** Golden inputs and the start of the golden file, which they point into. */
export interface GoldenPlan {
  readonly inputs: Readonly<Record<string, GoldenInput>>;
  readonly bytes: Uint8Array;
}

/** A golden sample without the name of its file. */
export interface GoldenSample extends Omit<GoldenSpec, 'asset'> {
  readonly bytes: Uint8Array;
}

/** Chooses the inputs: the picture for an image input, rows for columns, else seeded numbers. All image inputs share one picture. */
export function planGolden(
  inputs: readonly { readonly name: string; readonly spec: InputSpec; readonly shape: readonly number[] }[],
  picture: GoldenPicture,
): GoldenPlan {
  const { width, height, rgb } = picture;
  const plans = inputs.map(({ name, spec, shape }, index): [string, GoldenInput] => {
    if (spec.image !== undefined) return [name, { kind: 'picture', offset: 0, width, height, shape }];
    if (spec.columns !== undefined) return [name, { kind: 'rows', seed: index + 1, shape }];
    return [name, { kind: 'uniform', seed: index + 1, low: 0, high: spec.dtype === 'float32' ? 1 : 2, shape }];
  });
  const hasPicture = plans.some(([, { kind }]) => kind === 'picture');
  return { inputs: Object.fromEntries(plans), bytes: hasPicture ? rgb : new Uint8Array() };
}

/**
 * The same feeds, changed by a millionth of their range. An output that moves with this would also differ between
 * two backends that are both right. Whole numbers cannot change by so little, so the graph is fed behind the casts
 * that turn them into floats.
 */
export function nudge(feeds: readonly Feed[], graph: Graph, inputs: EngineSignature['inputs']): Feed[] {
  return feeds.flatMap((feed): Feed[] => {
    const { name, dtype, shape } = feed;
    if (dtype === 'bool') return [feed];
    const values = Float32Array.from(
      feed.kind === 'tensor' ? feed.data : toTensor(feed.picture as never, feed.image, feed.dtype, feed.map),
    );
    const { min, max } = rangeOf(values);
    const step = NUDGE * (max - min || 1);
    const data = values.map((value, index) => value + (index % 2 === 0 ? step : -step));
    const moved = (to: string): Feed => ({ kind: 'tensor', name: to, dtype: 'float32', shape, data });
    if (dtype === 'float32') return [moved(name)];
    return [feed, ...castsOf(graph, inputs[name]?.node as string).map((cast) => moved(nameOfCast(cast)))];
  });
}

/** The casts that {@link nudge} feeds, as inputs of the session: the signature names none of them. */
export function castInputs(graph: Graph, inputs: EngineSignature['inputs']): EngineSignature['inputs'] {
  const casts = Object.values(inputs).flatMap(({ node }) => castsOf(graph, node));
  return Object.fromEntries(casts.map((node) => [nameOfCast(node), { node }]));
}

const nameOfCast = (node: string): string => `cast: ${node}`;

function castsOf(graph: Graph, node: string): string[] {
  const isCast = ({ op, input, attr }: { op: string; input: readonly string[]; attr: Readonly<Record<string, unknown>> }) =>
    op === 'Cast' && nodeOf(input[0] ?? '') === node && (attr['DstT'] as { type?: unknown } | undefined)?.type === 'DT_FLOAT';
  return [...graph.nodes.values()].filter(isCast).map(({ name }) => name);
}

/**
 * Stores the outputs that can be compared; the others are skipped by name, with the reason.
 * @param second the outputs for the nudged feeds
 */
export function storeGolden(plan: GoldenPlan, first: Answers, second: Answers): GoldenSample {
  const skipped: Record<string, string> = {};
  const draft = layOut(plan, first);
  for (const [name, output] of Object.entries(first)) {
    const reason = emptiness(output, draft.outputs[name] as GoldenOutput) ?? movement(draft, name, second);
    if (reason !== undefined) skipped[name] = reason;
  }
  const kept = Object.fromEntries(Object.entries(first).filter(([name]) => !Object.hasOwn(skipped, name)));
  return { ...layOut(plan, kept), skipped };
}

/** The largest change of any value of each output that the sample keeps, as a share of the output's spread. */
export function changeOf(sample: Pick<GoldenSpec, 'outputs'>, before: Answers, after: Answers): Record<string, number> {
  const changes = Object.entries(sample.outputs).map(([name, stored]) => {
    const [a, b] = [before[name]?.data ?? [], after[name]?.data ?? []];
    if (a.length !== b.length || !rangeOf(b).finite) return [name, Number.POSITIVE_INFINITY];
    let largest = 0;
    for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs((a[index] as number) - (b[index] as number)));
    return [name, largest / spreadOf(stored)];
  });
  return Object.fromEntries(changes);
}

function layOut(plan: GoldenPlan, answers: Answers): Omit<GoldenSample, 'skipped'> {
  const outputs: Record<string, GoldenOutput> = {};
  const start = Math.ceil(plan.bytes.length / 4) * 4;
  const most = Math.min(VALUES, Math.floor((GOLDEN_BYTES - start) / 4 / Math.max(1, Object.keys(answers).length)));
  const parts = [plan.bytes, new Uint8Array(start - plan.bytes.length)];
  let offset = start;
  for (const [name, { data, shape }] of Object.entries(answers)) {
    const count = Math.min(most, sizeOf(shape));
    const { min, max } = rangeOf(data);
    outputs[name] = { shape, offset, count, min, max };
    parts.push(new Uint8Array(goldenValues(data, count).buffer));
    offset += count * 4;
  }
  return { inputs: plan.inputs, outputs, bytes: new Uint8Array(Buffer.concat(parts)) };
}

const NON_FINITE =
  "it has values that are not finite on the golden sample; where a predict meets such values it rejects, unless the model is loaded with nonFinite: 'allow'";

function emptiness({ data }: RawOutput, stored: GoldenOutput): string | undefined {
  if (data.length === 0) return 'it has no elements on the golden sample';
  if (!rangeOf(data).finite) return NON_FINITE;
  if (spreadOf(stored) < MIN_SPREAD) return `it carries nothing on the golden sample: its spread is ${spreadOf(stored).toPrecision(2)}`;
  return undefined;
}

function movement(draft: Omit<GoldenSample, 'skipped'>, name: string, second: Answers): string | undefined {
  const alone = { golden: { ...draft, outputs: { [name]: draft.outputs[name] as GoldenOutput } } as never };
  const { agrees } = compareGolden(alone, draft.bytes.buffer as ArrayBuffer, second);
  return agrees ? undefined : 'it moves when the input is off by a millionth';
}
