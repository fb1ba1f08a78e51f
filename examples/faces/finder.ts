/** Finds faces: one model says where they are, another one lays 468 points over each. */
import { type BackendName, type Crop, type ImageMapping, loadModel, type Timing } from 'pannier';
import type { ProgressOfOne } from '../several-models.js';
import { ANCHORS } from './anchors.js';
import findFaces from './model/find-faces/model.js';
import layMesh from './model/lay-mesh/model.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A face as the detector sees it, in pixels of the picture. */
export interface Found {
  readonly score: number;
  /** The square around the face, turned as the face is. */
  readonly box: Crop;
}

/** A face with its mesh. */
export interface Face extends Found {
  readonly points: readonly Point[];
}

/** What the models do. */
export const STEPS = ['find', 'mesh'] as const;
export type Step = (typeof STEPS)[number];

/** The news of a picture that is looked at. */
export interface Listener {
  found(faces: readonly Found[]): void;
  face(face: Face): void;
  timed(step: Step, timing: Timing): void;
}

/** The detector answers a box and six points for each place: the eyes are the first two. */
const VALUES = 16;

/** Faces that the detector is less sure of are none, nor are those where the mesh does not fit. */
const MIN_SCORE = 0.6;
const MIN_MESH_SCORE = 0.5;

/** Two boxes that overlap more than this, as a share of both together, are one face: the surer one counts. */
const MAX_OVERLAP = 0.3;

/** Room around a face, as MediaPipe gives it to the mesh. */
const ROOM = 1.5;

/** Most faces of one picture. */
const MAX_FACES = 8;

/** Both models. */
export async function loadFinder(backend: 'auto' | BackendName, progress: ProgressOfOne) {
  const [find, mesh] = await Promise.all([
    loadModel(findFaces, { backend, onProgress: progress() }),
    loadModel(layMesh, { backend, onProgress: progress() }),
  ]);
  return { find, mesh };
}

export type Finder = Awaited<ReturnType<typeof loadFinder>>;

/** Finds the faces of a picture, and tells of each as soon as it has its mesh. */
export async function lookAt(finder: Finder, picture: ImageBitmap, listener: Listener, signal: AbortSignal): Promise<void> {
  const { outputs, images, timing } = await finder.find.predict({ picture }, { signal });
  listener.timed('find', timing);
  const faces = surest(decode(outputs.boxes.data, outputs.scores.data, images.picture));
  listener.found(faces);
  for (const face of faces) {
    const laid = await finder.mesh.predict({ face: { source: picture, crop: face.box } }, { signal });
    listener.timed('mesh', laid.timing);
    if ((laid.outputs.isFace.data[0] as number) >= MIN_MESH_SCORE)
      listener.face({ ...face, points: pointsOf(laid.outputs.mesh.data, laid.images.face) });
  }
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** Boxes and eyes are offsets in pixels of the detector's picture, from the place that they are answered for. */
function decode(boxes: ArrayLike<number>, scores: ArrayLike<number>, image: ImageMapping): readonly Found[] {
  return ANCHORS.flatMap((anchor, index) => {
    const score = sigmoid(scores[index] as number);
    if (score < MIN_SCORE) return [];
    const at = (offset: number): number => boxes[index * VALUES + offset] as number;
    const pointAt = (offset: number): Point => image.toSource(anchor.x + at(offset), anchor.y + at(offset + 1));
    const [center, corner] = [pointAt(0), image.toSource(anchor.x + at(0) + at(2) / 2, anchor.y + at(1) + at(3) / 2)];
    const [left, right] = [pointAt(4), pointAt(6)];
    const side = 2 * ROOM * Math.max(corner.x - center.x, corner.y - center.y);
    const rotation = Math.atan2(right.y - left.y, right.x - left.x);
    return [{ score, box: { x: center.x - side / 2, y: center.y - side / 2, width: side, height: side, rotation } }];
  });
}

/** One box for each face, the surest first. */
function surest(found: readonly Found[]): readonly Found[] {
  const kept: Found[] = [];
  for (const each of found.toSorted((a, b) => b.score - a.score))
    if (kept.length < MAX_FACES && kept.every(({ box }) => overlap(box, each.box) <= MAX_OVERLAP)) kept.push(each);
  return kept;
}

/** The area that two squares share, as a share of what they cover together; as if neither were turned. */
function overlap(a: Crop, b: Crop): number {
  const shared = (key: 'x' | 'y', size: 'width' | 'height'): number =>
    Math.max(0, Math.min(a[key] + a[size], b[key] + b[size]) - Math.max(a[key], b[key]));
  const both = shared('x', 'width') * shared('y', 'height');
  return both / (a.width * a.height + b.width * b.height - both);
}

/** Three values for each point, in pixels of the model's picture; the third one is the depth. */
const pointsOf = (mesh: ArrayLike<number>, image: ImageMapping): readonly Point[] =>
  Array.from({ length: mesh.length / 3 }, (_, index) => image.toSource(mesh[3 * index] as number, mesh[3 * index + 1] as number));
