/** Finds how boxes lie in outputs: as an option says, else as the file says, else as shape and values tell. */
import { shapeText } from '../../base/dtype.js';
import type { RawOutput } from '../../engines/engine.js';
import { BOX_LAYOUTS, type BoxLayoutName, classesIn, layoutsFitting } from '../../manifest/box-layouts.js';
import type { InputSpec } from '../../manifest/manifest.js';
import type { BoxLayout } from '../../manifest/signature.js';
import type { DetectorHint } from '../model/hints.js';
import type { GraphOutput, GraphSignature } from '../model/signature.js';
import { badOption } from '../options.js';
import { hasScores, isNormalized, isSsd, layoutOfCells, prototypesFor } from './box-answers.js';

/** The layouts of a model's outputs. */
export interface Layouts {
  /** Layouts by the output's name. */
  readonly layouts: Readonly<Record<string, BoxLayout>>;
  /** A line on each layout that no option told. */
  readonly taken: readonly string[];
  readonly warnings: readonly string[];
}

type Answers = Readonly<Record<string, RawOutput>>;

/**
 * @param answers the golden sample's
 * @throws {PannierError} `options` for a layout that is not the output's, naming those that are
 */
export function resolveLayouts({ outputs }: GraphSignature, inputs: Readonly<Record<string, InputSpec>>, answers: Answers): Layouts {
  const layouts: Record<string, BoxLayout> = {};
  const taken: string[] = [];
  const warnings: string[] = [];
  for (const output of outputs) {
    const { layout, detector, values } = output.options;
    if (layout === false || (layout === undefined && detector === undefined && values !== undefined)) continue;
    const boxes = boxesOf(output, answers);
    const place = `output "${output.name}", ${shapeText(boxes.answer.shape)}`;
    const found =
      layout !== undefined ? byOption(output, layout, boxes) : detector !== undefined ? byFile(detector, boxes) : byShape(inputs, boxes);
    if (found !== undefined) {
      layouts[output.name] = found.layout;
      const source = detector === undefined ? 'its shape and values; layout: false if they are none' : 'the metadata';
      if (layout === undefined) taken.push(`boxes in ${place}, as layout '${found.name}' has them, from ${source}`);
    } else if (detector !== undefined) {
      warnings.push(`No layout of a detector that has a name fits ${place}: \`boxes\` of pannier/read needs columns.`);
    }
  }
  return { layouts, taken, warnings };
}

/** An output, and what options and the file say of the boxes in it. */
interface Boxes extends Pick<BoxLayout, 'labels' | 'points' | 'pointNames' | 'oriented'> {
  readonly name: string;
  readonly answer: RawOutput;
  readonly answers: Answers;
  /** How many values may follow the scores. */
  readonly extras: readonly number[];
}

function boxesOf({ name, options }: GraphOutput, answers: Answers): Boxes {
  const { detector } = options;
  const labels = options.labels ?? detector?.labels;
  const points = options.points ?? detector?.points;
  const oriented = detector?.task === 'obb';
  const [count, values] = points ?? [0, 0];
  // A segmenter's boxes have a coefficient for each prototype, unless it has other outputs of that shape.
  const masks = detector === undefined || detector.task === 'segment' ? prototypesFor(name, answers) : [];
  return {
    ...{ name, answer: answers[name] as RawOutput, answers, extras: oriented ? [1] : points ? [count * values] : [...masks, 0] },
    ...(labels && { labels }),
    ...(points && { points }),
    ...(points && detector?.pointNames && { pointNames: detector.pointNames }),
    ...(oriented && { oriented }),
  };
}

interface Found {
  readonly name: BoxLayoutName;
  readonly layout: BoxLayout;
}

function byOption({ place }: GraphOutput, name: BoxLayoutName, boxes: Boxes): Found {
  const found = fitting([name], boxes, isNormalized);
  if (found !== undefined) return found;
  const { answer, extras, labels, points } = boxes;
  const others = extras.flatMap((extra) => layoutsFitting(answer.shape, { extra, ...(labels && { classes: labels.length }) }));
  const told = [...(labels ? [`${labels.length} labels`] : []), ...(points ? [`[${points}] points`] : [])].join(' and ');
  const next =
    others.length > 0
      ? `${[...new Set(others)].map((other) => `'${other}'`).join(' or ')} would fit.`
      : 'No other fits; leave the option out, and give `boxes` of pannier/read columns.';
  throw badOption(
    `Option outputs["${place}"].layout is '${name}'${told && ` of ${told}`}, which output "${boxes.name}", ${shapeText(answer.shape)}, is not. ${next}`,
  );
}

/** A file's producer says whether coordinates are pixels. */
const byFile = ({ layouts, normalized = false }: DetectorHint, boxes: Boxes): Found | undefined =>
  fitting(layouts, boxes, (name) => normalized || name === 'rtdetr');

/** The values show whether what lies in a place of scores are scores: a pose has coordinates there. */
function byShape(inputs: Readonly<Record<string, InputSpec>>, boxes: Boxes): Found | undefined {
  const [picture, ...more] = Object.values(inputs).flatMap(({ image }) => image ?? []);
  const { answer, answers, name } = boxes;
  if (picture === undefined || more.length > 0 || answer.dtype !== 'float32') return undefined;
  const told = layoutOfCells(answer.shape, picture) ?? (isSsd(name, answers) ? 'ssd' : undefined);
  const found = told && fitting([told], boxes, isNormalized);
  return found && hasScores(found.layout, answer) ? found : undefined;
}

/** The first of some layouts that an output fits. */
function fitting(
  names: readonly BoxLayoutName[],
  boxes: Boxes,
  isUnit: (name: BoxLayoutName, answer: RawOutput) => boolean,
): Found | undefined {
  const { answer, extras, labels, points, pointNames, oriented } = boxes;
  for (const name of names) {
    for (const extra of extras) {
      const classes = classesIn(name, answer.shape, { extra, ...(labels && { classes: labels.length }) });
      if (classes === undefined) continue;
      const { columns, boxesLast, nms }: Pick<BoxLayout, 'columns' | 'boxesLast' | 'nms'> = BOX_LAYOUTS[name];
      const layout: BoxLayout = {
        columns,
        ...(classes > 0 && { classes }),
        ...(points && { points }),
        ...(pointNames && { pointNames }),
        ...(extra > 0 && !points && !oriented && { coefficients: extra }),
        ...(oriented && { oriented }),
        ...(boxesLast && { boxesLast }),
        ...(isUnit(name, answer) && { normalized: true }),
        ...(nms && { nms }),
        ...(labels && { labels }),
      };
      return { name, layout };
    }
  }
  return undefined;
}
