/** The layout of a detector's boxes, read from the shapes and values of its answers. */
import type { RawOutput } from '../../engines/engine.js';
import { BOX_LAYOUTS, type BoxLayoutName } from '../../manifest/box-layouts.js';
import type { ImageSpec } from '../../manifest/manifest.js';
import type { BoxLayout } from '../../manifest/signature.js';

type Answers = Readonly<Record<string, RawOutput>>;

/** Detectors without a selection of their own give boxes for each cell of grids of these strides, in pixels. */
const STRIDES = [
  [8, 16, 32],
  [8, 16, 32, 64],
];

/** The boxes of YOLOv5 for each cell; YOLOv8 has one. */
const ANCHORS = 3;

/** The boxes that detectors with a selection of their own give, unless they are exported otherwise. */
const SELECTED_BOXES = 300;

/** The layout whose number of boxes for a picture a shape has. */
export function layoutOfCells(shape: readonly number[], { width, height }: Pick<ImageSpec, 'width' | 'height'>): BoxLayoutName | undefined {
  if (shape.length !== 3) return undefined;
  const cells = STRIDES.map((strides) => strides.reduce((sum, stride) => sum + Math.ceil(width / stride) * Math.ceil(height / stride), 0));
  if (cells.includes(shape[2] as number)) return 'yolov8';
  if (cells.includes((shape[1] as number) / ANCHORS)) return 'yolov5';
  return shape[1] === SELECTED_BOXES && shape[2] === BOX_LAYOUTS.yolov10.columns.length ? 'yolov10' : undefined;
}

/** Whether an output holds the boxes among four outputs: [batch, boxes, 4], twice [batch, boxes], and how many boxes there are. */
export function isSsd(name: string, answers: Answers): boolean {
  const { shape } = answers[name] as RawOutput;
  const others = Object.entries(answers).flatMap(([other, answer]) => (other === name ? [] : [answer.shape]));
  const rows = others.filter((other) => other.length === 2 && other[0] === shape[0] && other[1] === shape[1]);
  const counts = others.filter((other) => other.length < 2 && (other[0] ?? 1) === shape[0]);
  return shape.length === 3 && others.length === 3 && rows.length === 2 && counts.length === 1;
}

/**
 * How many prototypes of masks the only other output of four axes holds, [batch, prototypes, height, width] or the prototypes last;
 * none if there is no such output.
 */
export function prototypesFor(name: string, answers: Answers): readonly number[] {
  const shapes = Object.entries(answers).flatMap(([other, { shape }]) => (other !== name && shape.length === 4 ? [shape] : []));
  const [shape, ...more] = shapes;
  // Ultralytics' segmenters have 32, of a quarter of the picture's size.
  return shape === undefined || more.length > 0 ? [] : [Math.min(shape[1] as number, shape[3] as number)];
}

/** The largest coordinate of a box that is measured in pictures, since it may reach over the picture's edge. */
const MAX_NORMALIZED = 2;

/** Whether coordinates are 0…1, as TensorFlow's exports have them where others have pixels. */
export function isNormalized(name: BoxLayoutName, answer: RawOutput): boolean {
  const { columns, boxesLast, normalized }: Pick<BoxLayout, 'columns' | 'boxesLast' | 'normalized'> = BOX_LAYOUTS[name];
  if (normalized) return true;
  let max = 0;
  for (const [index, column] of columns.entries())
    if (column !== 'score' && column !== 'class') for (const value of valuesAt(answer, index, boxesLast)) max = Math.max(max, value);
  return max > 0 && max <= MAX_NORMALIZED;
}

/** How far rounding may bring a score from 0…1. */
const ROUNDING = 1e-3;

/** Whether the values that a layout takes for scores are 0…1, and those that it takes for classes whole numbers. */
export function hasScores({ columns, classes = 0, boxesLast }: BoxLayout, answer: RawOutput): boolean {
  const isScore = (value: number) => value >= -ROUNDING && value <= 1 + ROUNDING;
  const isClass = (value: number) => value >= 0 && Number.isInteger(value);
  const tests = [
    ...columns.map((column) => (column === 'score' ? isScore : column === 'class' ? isClass : () => true)),
    ...Array.from({ length: classes }, () => isScore),
  ];
  return tests.every((test, index) => valuesAt(answer, index, boxesLast).every(test));
}

/** One value of each box of the first picture. */
function valuesAt({ data, shape }: RawOutput, index: number, boxesLast = false): readonly number[] {
  const [, first, last] = shape as [number, number, number];
  const at = boxesLast ? (box: number) => index * last + box : (box: number) => box * last + index;
  return Array.from({ length: boxesLast ? last : first }, (_, box) => data[at(box)] as number);
}
