/** Reads the text in a picture: one model finds its lines, one says which way up each stands, one reads it. */
import { type BackendName, loadModel, type Model, type Timing } from 'pannier';
import { topK } from 'pannier/read';
import { type Box, findBoxes } from './boxes.js';
import { decode, type Text } from './decode.js';
import findLines from './model/find-lines/model.js';
import readLine from './model/read-line/model.js';
import whichWayUp from './model/which-way-up/model.js';
import { DIRECTION_SIZE, lineSize, pictureSize } from './sizes.js';

export interface Line extends Text {
  /** Pixels of the picture, turned so that the text in it stands upright. */
  readonly box: Box;
}

/** The models by what they do. */
export const STEPS = { find: findLines, turn: whichWayUp, read: readLine } as const;
export type Step = keyof typeof STEPS;

/** The news of a reading that is under way. */
export interface Listener {
  found(boxes: readonly Box[]): void;
  line(line: Line): void;
  timed(step: Step, timing: Timing): void;
}

/** A line is turned around if the model is as sure as this that it is upside down. */
const MIN_UPSIDE_DOWN = 0.9;

/** Lines whose characters are less sure than this are no text. */
const MIN_SCORE = 0.5;

export interface LoadedBytes {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** The three models. @param onProgress gets the sum of their bytes */
export async function loadReader(backend: 'auto' | BackendName, onProgress: (bytes: LoadedBytes) => void) {
  const told: Partial<Record<Step, LoadedBytes>> = {};
  const progress = (step: Step) => (bytes: LoadedBytes) => {
    told[step] = bytes;
    const all = Object.values(told);
    const sum = (key: keyof LoadedBytes) => all.reduce((before, each) => before + each[key], 0);
    onProgress({ loadedBytes: sum('loadedBytes'), totalBytes: sum('totalBytes') });
  };
  const [find, turn, read] = await Promise.all([
    loadModel(STEPS.find, { backend, onProgress: progress('find') }),
    loadModel(STEPS.turn, { backend, onProgress: progress('turn') }),
    loadModel(STEPS.read, { backend, onProgress: progress('read') }),
  ]);
  return { find, turn, read };
}

export type Reader = Awaited<ReturnType<typeof loadReader>>;

/** Reads a picture, and tells of each line as soon as it is read. */
export async function readText(reader: Reader, picture: ImageBitmap, listener: Listener, signal: AbortSignal): Promise<void> {
  const size = pictureSize(picture);
  const found = await reader.find.predict({ picture: { source: picture, size } }, { signal });
  listener.timed('find', found.timing);
  const boxes = findBoxes(found.outputs.text.data, size.width, found.images.picture.toSource);
  listener.found(boxes);
  for (const box of boxes) {
    const upright = await turned(reader.turn, picture, box, listener, signal);
    const line = { source: picture, crop: upright, size: lineSize(upright) };
    const { outputs, timing } = await reader.read.predict({ line }, { signal });
    listener.timed('read', timing);
    const text = decode(outputs.characters);
    if (text.score >= MIN_SCORE) listener.line({ ...text, box: upright });
  }
}

/** The box, turned around if its text is upside down. The model sees the middle of a long line, since letters that are squeezed mislead it. */
async function turned(turn: Reader['turn'], source: ImageBitmap, box: Box, listener: Listener, signal: AbortSignal): Promise<Box> {
  const width = Math.min(box.width, (box.height * DIRECTION_SIZE.width) / DIRECTION_SIZE.height);
  const middle = { ...box, x: box.x + (box.width - width) / 2, width };
  const line = { source, crop: middle, size: DIRECTION_SIZE };
  const { outputs, timing } = await turn.predict({ line }, { signal });
  listener.timed('turn', timing);
  const [best] = topK(outputs.direction, { k: 1 });
  const isUpsideDown = best?.label === 'upside down' && best.score >= MIN_UPSIDE_DOWN;
  return isUpsideDown ? { ...box, rotation: box.rotation + Math.PI } : box;
}

/** The models' own account of their load, summed up. */
export function loadOf(reader: Reader) {
  const models: readonly Pick<Model, 'stats' | 'loadTiming'>[] = Object.values(reader);
  const sum = (of: (model: (typeof models)[number]) => number) => models.reduce((before, model) => before + of(model), 0);
  return {
    ms: Math.max(...models.map(({ loadTiming }) => loadTiming.totalMs)),
    bytesDownloaded: sum((model) => model.stats().bytesDownloaded),
    bytesFromCache: sum((model) => model.stats().bytesFromCache),
  };
}
