/**
 * The places that the detector answers for. BlazeFace lays grids over its picture of 128 × 128 pixels: 16 × 16 cells with two places
 * each, then 8 × 8 cells with six, each in the middle of its cell (MediaPipe, face_detection_short_range.pbtxt: strides 8, 16, 16,
 * 16, two places for each).
 */

/** Width and height of the detector's picture. */
export const DETECTOR_SIZE = 128;

const GRIDS = [
  { cells: 16, places: 2 },
  { cells: 8, places: 6 },
] as const;

/** The middle of each place, in pixels of the detector's picture. */
export const ANCHORS: readonly { readonly x: number; readonly y: number }[] = GRIDS.flatMap(({ cells, places }) =>
  Array.from({ length: cells * cells * places }, (_, index) => {
    const cell = Math.floor(index / places);
    const size = DETECTOR_SIZE / cells;
    return { x: ((cell % cells) + 0.5) * size, y: (Math.floor(cell / cells) + 0.5) * size };
  }),
);
