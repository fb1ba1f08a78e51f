/** Reads the text in a picture: one model finds its lines, one says which way up each stands, one reads it. */
import { type BackendName, loadModel, type Timing } from 'pannier';
import { topK } from 'pannier/read';
import type { ProgressOfOne } from '../several-models.js';
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

/** What the models do. */
export const STEPS = ['find', 'turn', 'read'] as const;
export type Step = (typeof STEPS)[number];

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

/** The three models. */
export async function loadReader(backend: 'auto' | BackendName, progress: ProgressOfOne) {
  const [find, turn, read] = await Promise.all([
    loadModel(findLines, { backend, onProgress: progress() }),
    loadModel(whichWayUp, { backend, onProgress: progress() }),
    loadModel(readLine, { backend, onProgress: progress() }),
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
