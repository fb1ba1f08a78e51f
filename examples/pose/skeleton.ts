/** What MoveNet's seventeen points are called, and which of them a skeleton joins. */
import type { Keypoint } from 'pannier/read';

/** In the model's order, that of the COCO data set. */
export const NAMES = [
  'nose',
  'left eye',
  'right eye',
  'left ear',
  'right ear',
  'left shoulder',
  'right shoulder',
  'left elbow',
  'right elbow',
  'left wrist',
  'right wrist',
  'left hip',
  'right hip',
  'left knee',
  'right knee',
  'left ankle',
  'right ankle',
] as const;

export type PointName = (typeof NAMES)[number];
export type Point = Keypoint<PointName>;

export const BONES: readonly (readonly [PointName, PointName])[] = [
  ['nose', 'left eye'],
  ['nose', 'right eye'],
  ['left eye', 'left ear'],
  ['right eye', 'right ear'],
  ['left shoulder', 'right shoulder'],
  ['left shoulder', 'left elbow'],
  ['left elbow', 'left wrist'],
  ['right shoulder', 'right elbow'],
  ['right elbow', 'right wrist'],
  ['left shoulder', 'left hip'],
  ['right shoulder', 'right hip'],
  ['left hip', 'right hip'],
  ['left hip', 'left knee'],
  ['left knee', 'left ankle'],
  ['right hip', 'right knee'],
  ['right knee', 'right ankle'],
];

/** Points below this score are guesses. */
const MIN_SCORE = 0.3;

export const isSeen = ({ score = 0 }: Point): boolean => score >= MIN_SCORE;
