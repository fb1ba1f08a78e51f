/** Lines between the points of the mesh, by their numbers (MediaPipe, face_mesh_connections.py). A closed line returns to its first point. */
export interface Contour {
  readonly points: readonly number[];
  readonly isClosed: boolean;
}

const closed = (...points: readonly number[]): Contour => ({ points, isClosed: true });
const open = (...points: readonly number[]): Contour => ({ points, isClosed: false });

export const CONTOURS: readonly Contour[] = [
  // The oval of the face.
  closed(
    ...[10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377],
    ...[152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109],
  ),
  // The lips, outside and inside.
  closed(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185),
  closed(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191),
  // The eyes.
  closed(263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
  closed(33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
  // The eyebrows, each a lower line and an upper one.
  open(276, 283, 282, 295, 285),
  open(300, 293, 334, 296, 336),
  open(46, 53, 52, 65, 55),
  open(70, 63, 105, 66, 107),
];

/** The tip of the nose. */
export const NOSE_TIP = 1;
