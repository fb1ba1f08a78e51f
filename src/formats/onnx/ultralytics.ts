/**
 * Reads the metadata that Ultralytics writes into an .onnx file, each value as Python's `str()` gives it (ultralytics 8.0 to 8.4,
 * engine/exporter.py: description, author, date, version, license, stride, task, batch, imgsz, names, kpt_shape, kpt_names). YOLOv5's
 * own exporter writes stride and names alone.
 */
import { messageOf } from '../../base/errors.js';
import { isWhole } from '../../base/fields.js';
import { LIMITS } from '../limits.js';
import { type PythonValue, readPythonLiteral } from '../python-literal.js';

const TASKS = ['detect', 'segment', 'pose', 'obb', 'classify'] as const;

/** The metadata, as far as it is there and can be read. */
export interface Ultralytics {
  /** Undefined in the files of YOLOv5's own exporter, which detect or segment. */
  readonly task: (typeof TASKS)[number] | undefined;
  /** The names of the classes, by their index. */
  readonly names: readonly string[] | undefined;
  /** The picture's size in pixels. */
  readonly size: { readonly height: number; readonly width: number } | undefined;
  /** How many points a pose has, how many values each point has, and the names of the points. */
  readonly points: readonly [count: number, values: number] | undefined;
  readonly pointNames: readonly string[] | undefined;
  readonly license: string | undefined;
  /** A description of the model, such as `Ultralytics YOLO11n model trained on coco.yaml`. */
  readonly description: string | undefined;
  /** The version of Ultralytics that wrote the file. */
  readonly version: string | undefined;
  /** Whether the model leaves out boxes that overlap others by itself. */
  readonly isEndToEnd: boolean;
  /** A sentence for each value that cannot be read. */
  readonly problems: readonly string[];
}

/** Reads a file's metadata; undefined if another producer wrote it. */
export function readUltralytics(metadata: ReadonlyMap<string, string>): Ultralytics | undefined {
  if (metadata.get('author') !== 'Ultralytics' && !(metadata.has('stride') && metadata.has('names'))) return undefined;
  const problems: string[] = [];
  const read = <T>(key: string, wanted: string, take: (value: PythonValue) => T | undefined): T | undefined => {
    const text = metadata.get(key);
    if (text === undefined) return undefined;
    try {
      const taken = take(readPythonLiteral(text, `The metadata ${key}`));
      if (taken === undefined) problems.push(`The metadata ${key} is not ${wanted}, and is passed over.`);
      return taken;
    } catch (thrown) {
      problems.push(`${messageOf(thrown)} It is passed over.`);
      return undefined;
    }
  };
  const said = (key: string): string | undefined => {
    const text = metadata.get(key)?.trim() ?? '';
    return text !== '' && text.length <= LIMITS.stringBytes && !text.includes('\0') ? text : undefined;
  };
  return {
    task: TASKS.find((task) => task === metadata.get('task')),
    names: read('names', 'a name for each class from 0 on', namesOf),
    size: read('imgsz', 'a height and a width', sizeOf),
    points: read('kpt_shape', 'a number of points and of their values', pointsOf),
    pointNames: read('kpt_names', 'names of points', pointNamesOf),
    isEndToEnd: metadata.get('end2end') === 'True',
    ...{ license: said('license'), description: said('description'), version: said('version'), problems },
  };
}

/** The names in a list, or in a dict whose keys are 0, 1, 2 and so on. */
function namesOf(value: PythonValue): readonly string[] | undefined {
  const names = value instanceof Map ? Array.from({ length: value.size }, (_, index) => value.get(index)) : value;
  if (!Array.isArray(names) || names.length === 0 || names.length > LIMITS.labels) return undefined;
  const isName = (name: unknown) => typeof name === 'string' && new TextEncoder().encode(name).length <= LIMITS.labelBytes;
  return names.every(isName) ? (names as readonly string[]) : undefined;
}

function sizeOf(value: PythonValue): Ultralytics['size'] {
  const [height, width = height, ...more] = Array.isArray(value) ? value : [value];
  const isSize = (size: unknown): size is number => isWhole(size, 1) && size <= LIMITS.pixels;
  return isSize(height) && isSize(width) && more.length === 0 ? { height, width } : undefined;
}

/** A point has x and y, and may have a score. */
function pointsOf(value: PythonValue): Ultralytics['points'] {
  const [count, values, ...more] = Array.isArray(value) ? value : [];
  const isPoints = isWhole(count, 1) && count <= LIMITS.labels && (values === 2 || values === 3) && more.length === 0;
  return isPoints ? [count, values] : undefined;
}

/** The names by class, of which the first class's are taken: all classes have the same points. */
const pointNamesOf = (value: PythonValue): readonly string[] | undefined => namesOf(value instanceof Map ? (value.get(0) ?? null) : value);
