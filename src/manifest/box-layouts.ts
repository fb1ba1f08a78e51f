/**
 * The layouts of detectors' outputs that have a name, each by the family that brought it up. YOLOv8's is that of Ultralytics' models up
 * to YOLO11; YOLOv5's has an objectness before the scores; YOLOv10's comes from models that need no non-maximum suppression, and from
 * exports with it inside; RT-DETR's has scores by class, but coordinates of 0…1; SSD's is that of TensorFlow's Object Detection API,
 * whose classes, scores and count are outputs of their own.
 */
import type { BoxLayout } from './signature.js';

interface NamedLayout extends Pick<BoxLayout, 'columns' | 'boxesLast' | 'normalized' | 'nms'> {
  /** Scores of all classes follow the columns. */
  readonly hasClasses?: boolean;
}

export const BOX_LAYOUTS = {
  yolov8: { columns: ['cx', 'cy', 'w', 'h'], hasClasses: true, boxesLast: true },
  yolov5: { columns: ['cx', 'cy', 'w', 'h', 'score'], hasClasses: true },
  yolov10: { columns: ['x0', 'y0', 'x1', 'y1', 'score', 'class'], nms: true },
  rtdetr: { columns: ['cx', 'cy', 'w', 'h'], hasClasses: true, normalized: true, nms: true },
  ssd: { columns: ['y0', 'x0', 'y1', 'x1'], normalized: true, nms: true },
} as const satisfies Readonly<Record<string, NamedLayout>>;

export type BoxLayoutName = keyof typeof BOX_LAYOUTS;

/** Facts about a detector that the shape of its output does not say. */
export interface DetectorFacts {
  readonly classes?: number;
  /** Values of a box after its scores: points, coefficients of masks, or an angle. */
  readonly extra?: number;
}

/**
 * The number of classes whose scores a shape has room for in a layout, 0 if the layout has no scores by class; undefined if the shape
 * is not that of the layout. Where the number of classes is not known, more boxes than values are wanted.
 */
export function classesIn(name: BoxLayoutName, shape: readonly number[], { classes, extra = 0 }: DetectorFacts = {}): number | undefined {
  const { columns, hasClasses, boxesLast }: NamedLayout = BOX_LAYOUTS[name];
  if (shape.length !== 3) return undefined;
  const [boxes, values] = (boxesLast ? [shape[2], shape[1]] : [shape[1], shape[2]]) as [number, number];
  const left = values - columns.length - extra;
  const isFitting = hasClasses ? (classes === undefined ? left > 0 && boxes > values : left === classes) : left === 0;
  return isFitting ? left : undefined;
}

/** The names of the layouts that a shape fits. */
export const layoutsFitting = (shape: readonly number[], known?: DetectorFacts): readonly BoxLayoutName[] =>
  (Object.keys(BOX_LAYOUTS) as BoxLayoutName[]).filter((name) => classesIn(name, shape, known) !== undefined);
