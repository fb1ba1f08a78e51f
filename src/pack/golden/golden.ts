/** Makes the golden file of the answers to the golden samples: chooses which outputs are stored, and lays them out. */

import type { RawOutput } from '../../engines/engine.js';
import { broken } from '../../formats/file-fields.js';
import { compareGolden, goldenValues, isConstant, rangeOf, spreadOf } from '../../golden/compare.js';
import type { GoldenOutput, GoldenSample, GoldenSpec } from '../../manifest/manifest.js';
import type { GoldenPlan } from './plan.js';
import type { RoundingStep } from './rounding-steps.js';

/** The largest golden file. */
export const GOLDEN_BYTES = 64 * 1024;

/** Most stored values of one output in one sample. */
const VALUES = 1024;

/** The outputs of one run by name. */
export type Answers = Readonly<Record<string, RawOutput>>;

/** The answers to one sample, and to the same inputs changed by a millionth. */
export interface SampleRuns {
  readonly answers: Answers;
  readonly nudged: Answers;
}

/** Golden samples without the name of their file, and the bytes of it. */
export interface StoredGolden extends Pick<GoldenSpec, 'samples' | 'batch' | 'skipped'> {
  readonly bytes: Uint8Array;
  /** Outputs that are the same everywhere in both samples, and their value: any backend could give them. */
  readonly constant: Readonly<Record<string, number>>;
}

/**
 * Stores the outputs that can be compared; the values of the others are left out by name, with the reason. Of the batch, the values
 * that can be compared in both samples are stored.
 * @param steps of the outputs that a quantised network rounds, by name: what is off by a millionth moves them by a step or not at all
 * @param batch the answers to the plan's batch, if there are any
 * @throws {PannierError} `model-format` if no output can be compared, since nothing would tell a right backend from a wrong one
 */
export function storeGolden(
  plan: GoldenPlan,
  runs: readonly [SampleRuns, SampleRuns],
  steps: RoundingSteps,
  batch?: Answers,
): StoredGolden {
  const reasons = runs.map((run) => reasonsToSkip(run, steps)) as [Reasons, Reasons];
  const names = Object.keys(runs[0].answers);
  const skipped: Record<string, string> = {};
  for (const name of names) {
    const [first, second] = reasons.map((each) => each[name]);
    if (first !== undefined && second !== undefined) skipped[name] = first;
  }
  if (names.every((name) => Object.hasOwn(skipped, name))) throw nothingToCompare(skipped);
  const constant: Record<string, number> = {};
  for (const name of names) {
    const [a, b] = runs.map(({ answers }) => rangeOf((answers[name] as RawOutput).data));
    const together = { min: Math.min(a?.min ?? 0, b?.min ?? 0), max: Math.max(a?.max ?? 0, b?.max ?? 0) };
    if (!Object.hasOwn(skipped, name) && isConstant(together)) constant[name] = together.max;
  }
  return { ...layOut(plan, draftsOf(plan, runs, reasons, batch), steps), skipped, constant };
}

/** A sentence for each output that backends are not, or not fully, held to. */
export function goldenWarnings({ skipped, constant, samples: [{ inputs }] }: StoredGolden): readonly string[] {
  const hasPicture = Object.values(inputs).some(({ kind }) => kind === 'picture');
  const advice = hasPicture ? " A golden picture of your own may help (goldenPicture: 'picture.png')." : '';
  return [
    ...Object.entries(skipped).map(([name, reason]) => `Output "${name}" is not checked on backends: ${reason}.${advice}`),
    ...Object.entries(constant).map(
      ([name, value]) => `Output "${name}" tells little about a backend: it is ${value} everywhere in both golden samples.${advice}`,
    ),
  ];
}

/** The largest change of any value of each output whose values the sample has, as a share of the output's spread. */
export function changeOf(sample: Pick<GoldenSample, 'outputs'>, before: Answers, after: Answers): Record<string, number> {
  const changes = Object.entries(sample.outputs).flatMap(([name, { values }]): [string, number][] => {
    if (values === undefined) return [];
    const [a, b] = [before[name]?.data ?? [], after[name]?.data ?? []];
    if (a.length !== b.length || !rangeOf(b).finite) return [[name, Number.POSITIVE_INFINITY]];
    let largest = 0;
    for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs((a[index] as number) - (b[index] as number)));
    return [[name, largest / spreadOf(values)]];
  });
  return Object.fromEntries(changes);
}

/** By output, why its values are not compared in one sample. */
type Reasons = Readonly<Record<string, string | undefined>>;

/** The steps of outputs that are rounded, by their names. */
type RoundingSteps = Readonly<Record<string, RoundingStep | undefined>>;

const reasonsToSkip = ({ answers, nudged }: SampleRuns, steps: RoundingSteps): Reasons =>
  mapOf(answers, (output, name) => emptiness(output) ?? (steps[name] === undefined ? movement(name, output, nudged) : undefined));

/** The steps that the range of rounded values is taken to have where they have no one step: as many as numbers of 8 bits. */
const RANGE_STEPS = 255;

const stepWithin = (step: RoundingStep | undefined, min: number, max: number): number | undefined =>
  step === null ? (max - min || Math.abs(max) || 1) / RANGE_STEPS : step;

const NON_FINITE =
  "it has values that are not finite on the golden sample; where a predict meets such values it rejects, unless the model is loaded with nonFinite: 'allow'";

function emptiness({ data }: RawOutput): string | undefined {
  if (data.length === 0) return 'it has no elements on the golden sample';
  return rangeOf(data).finite ? undefined : NON_FINITE;
}

function movement(name: string, output: RawOutput, nudged: Answers): string | undefined {
  const { shape, data } = output;
  const { min, max } = rangeOf(data);
  const count = Math.min(VALUES, data.length);
  const sample = { outputs: { [name]: { shape, values: { offset: 0, count, min, max } } } };
  const { agrees } = compareGolden({ [name]: output }, sample, goldenValues(data, count).buffer, nudged);
  return agrees ? undefined : 'it moves when the input is off by a millionth';
}

/** One sample before its values have places in the file. */
interface Draft {
  readonly inputs: GoldenSample['inputs'];
  readonly answers: Answers;
  readonly shapes: Readonly<Record<string, GoldenOutput['shape']>>;
  readonly reasons: Reasons;
}

function draftsOf(
  { samples, batch: batchInputs }: GoldenPlan,
  runs: readonly [SampleRuns, SampleRuns],
  reasons: readonly [Reasons, Reasons],
  batch: Answers | undefined,
): readonly Draft[] {
  // A backend that is right may give another size where a millionth changes it.
  const shapesOf = (answers: Answers, others: readonly [Answers, Answers][]) =>
    mapOf(answers, ({ shape }, name) =>
      shape.map((size, axis) => (others.every(([a, b]) => a[name]?.shape[axis] === b[name]?.shape[axis]) ? size : null)),
    );
  const pairs = runs.map(({ answers, nudged }): [Answers, Answers] => [answers, nudged]);
  const drafts = runs.map(({ answers }, which) => ({
    ...{ inputs: samples[which] as Draft['inputs'], answers, reasons: reasons[which] as Reasons },
    shapes: shapesOf(answers, pairs.slice(which, which + 1)),
  }));
  if (batch === undefined || batchInputs === undefined) return drafts;
  const unfit = mapOf(batch, (output, name) => emptiness(output) ?? reasons[0][name] ?? reasons[1][name]);
  return [...drafts, { inputs: batchInputs, answers: batch, shapes: shapesOf(batch, pairs), reasons: unfit }];
}

const mapOf = <T>(answers: Answers, make: (output: RawOutput, name: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(answers).map(([name, output]) => [name, make(output, name)]));

function layOut(
  { bytes: picture }: GoldenPlan,
  drafts: readonly Draft[],
  steps: RoundingSteps,
): Pick<StoredGolden, 'samples' | 'batch' | 'bytes'> {
  const start = Math.ceil(picture.length / 4) * 4;
  const stored = drafts.flatMap(({ reasons }) => Object.values(reasons)).filter((reason) => reason === undefined).length;
  const most = Math.max(1, Math.min(VALUES, Math.floor((GOLDEN_BYTES - start) / 4 / stored)));
  const parts = [picture, new Uint8Array(start - picture.length)];
  let offset = start;
  const store = ({ data }: RawOutput, name: string): GoldenOutput['values'] => {
    const count = Math.min(most, data.length);
    const { min, max } = rangeOf(data);
    const step = stepWithin(steps[name], min, max);
    const values = { offset, count, min, max, ...(step && { step }) };
    parts.push(new Uint8Array(goldenValues(data, count).buffer));
    offset += count * 4;
    return values;
  };
  const [first, second, batch] = drafts.map(({ inputs, answers, shapes, reasons }): GoldenSample => {
    const outputs = mapOf(answers, (output, name): GoldenOutput => {
      const values = reasons[name] === undefined ? store(output, name) : undefined;
      return { shape: shapes[name] as GoldenOutput['shape'], ...(values && { values }) };
    });
    return { inputs, outputs };
  }) as [GoldenSample, GoldenSample, GoldenSample?];
  return { samples: [first, second], ...(batch && { batch }), bytes: new Uint8Array(Buffer.concat(parts)) };
}

function nothingToCompare(skipped: Readonly<Record<string, string>>) {
  const reasons = Object.entries(skipped).map(([name, reason]) => `output "${name}": ${reason}`);
  return broken(
    `No output can be compared on backends, so that a wrong backend would not be found out: ${reasons.join('; ')}. Give a golden picture of your own (goldenPicture: 'picture.png') if the model takes pictures, or let it also return values that its last step is computed from.`,
  );
}
