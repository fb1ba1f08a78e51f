/** Makes each output's entry in the manifest: its declared shape, compared with the shapes of the runs. */

import { shapeText } from '../../base/dtype.js';
import type { RawOutput } from '../../engines/engine.js';
import type { OutputSpec } from '../../manifest/manifest.js';
import type { BoxLayout, Dim } from '../../manifest/signature.js';

import type { GraphOutput, GraphSignature } from '../model/signature.js';
import { badOption } from '../options.js';

/** What running the graph showed about its outputs. */
export interface Seen {
  /** The golden sample's. */
  readonly answers: Readonly<Record<string, Pick<RawOutput, 'dtype' | 'shape'>>>;
  /** By output: axes that are as long as the padded inputs. */
  readonly lengthAxes: Readonly<Record<string, readonly number[]>>;
  readonly controlFlow: boolean;
  /** The layout of boxes by output. */
  readonly layouts: Readonly<Record<string, BoxLayout>>;
}

/** @throws {PannierError} `options` for labels that do not fit, and for points without boxes */
export function outputSpecs(
  { inputs, outputs }: GraphSignature,
  { answers, lengthAxes, controlFlow, layouts }: Seen,
): Record<string, OutputSpec> {
  const isFixed = !controlFlow && inputs.every(({ shape }) => shape?.slice(1).every((dim) => dim !== null) ?? false);
  const isBatched = inputs.some(({ shape }) => shape?.[0] === null);
  return Object.fromEntries(
    outputs.map((output) => {
      const spec = outputSpec(output, answers, isFixed, isBatched);
      const layout = layouts[output.name];
      const told = layout === undefined ? withLabels(spec, output) : { ...spec, layout };
      return [output.name, withLengthAxes(told, lengthAxes[output.name] ?? [])];
    }),
  );
}

function outputSpec(
  { name, shape, quantization }: GraphOutput,
  answers: Seen['answers'],
  isFixed: boolean,
  isBatched: boolean,
): OutputSpec {
  const { dtype, shape: seen } = answers[name] as Pick<RawOutput, 'dtype' | 'shape'>;
  const merged = shape === undefined ? guessShape(seen, isFixed, isBatched) : mergeShapes(shape, seen);
  return { dtype, shape: merged, ...(quantization && { quantization }) };
}

function withLabels(spec: OutputSpec, { place, options: { labels, values, points } }: GraphOutput): OutputSpec {
  if (points !== undefined)
    throw badOption(`Option outputs["${place}"] has points, but no layout of boxes that have them: say also its layout, such as 'yolov8'.`);
  if (labels === undefined) return { ...spec, ...(values && { values }) };
  if (values === undefined)
    throw badOption(`Option outputs["${place}"] has labels: say also whether its values are 'logits' or 'probabilities'.`);
  const last = spec.shape?.at(-1);
  if (typeof last === 'number' && last !== labels.length) {
    throw badOption(
      `Option outputs["${place}"].labels has ${labels.length} labels, but the last axis of ${shapeText(spec.shape)} has ${last} values. Give one label per class, in the order of training.`,
    );
  }
  return { ...spec, labels, values };
}

/** Opens the axes that follow a padded length, even if the signature fixes them. */
function withLengthAxes(spec: OutputSpec, lengthAxes: readonly number[]): OutputSpec {
  if (lengthAxes.length === 0) return spec;
  const shape = spec.shape?.map((dim, axis) => (lengthAxes.includes(axis) ? null : dim)) ?? null;
  return { ...spec, shape, lengthAxes };
}

/** Opens a size that the run contradicts, even if the signature fixes it. */
function mergeShapes(declared: readonly Dim[] | null, seen: readonly number[]): readonly Dim[] | null {
  if (declared === null || declared.length !== seen.length) return null;
  return declared.map((dim, axis) => (dim === seen[axis] ? dim : null));
}

/** Without a declared shape, the observed one holds only if the graph's sizes do not depend on its inputs. */
function guessShape(seen: readonly number[], isFixed: boolean, isBatched: boolean): readonly Dim[] {
  return seen.map((dim, axis) => (isFixed && !(isBatched && axis === 0) ? dim : null));
}
