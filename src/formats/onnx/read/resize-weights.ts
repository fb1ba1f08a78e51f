/** How the elements of a resized axis are made of those of the axis, as ONNX's Resize defines it: weights of neighbours. */

/** How an axis is resized. */
export interface AxisResize {
  readonly length: number;
  readonly made: number;
  /** As the model gives it, or the quotient of both lengths: their quotient may differ where the length made was rounded. */
  readonly scale: number;
  /** The part of the axis for the coordinates `tf_crop_and_resize`, from 0 to 1. */
  readonly region: readonly [start: number, end: number];
}

/** How elements are found and weighed. */
export interface Interpolation {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinates: string;
  readonly nearest: string;
  /** The parameter of the cubic curve (Keys, Cubic convolution interpolation for digital image processing, 1981). */
  readonly cubic: number;
  /** Whether neighbours beyond the edge do not count, rather than being those at the edge. */
  readonly excludesOutside: boolean;
  /** Whether a smaller axis is made of all elements that each new one covers. */
  readonly antialias: boolean;
}

/** A place along the axis from which an element is made; undefined if the coordinates are none that are known. */
function placeOf(index: number, { length, made, scale, region: [start, end] }: AxisResize, coordinates: string): number | undefined {
  const exact = scale * length;
  switch (coordinates) {
    case 'half_pixel':
      return (index + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return exact === 1 ? -0.5 : (index + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric':
      return (length / 2) * (1 - made / exact) + (index + 0.5) / scale - 0.5;
    case 'align_corners':
      return exact === 1 ? 0 : (index * (length - 1)) / (exact - 1);
    case 'asymmetric':
      return index / scale;
    case 'tf_crop_and_resize':
      return start * (length - 1) + (end - start) * (length - 1) * (exact === 1 ? 0.5 : index / (exact - 1));
    default:
      return undefined;
  }
}

/** The place of each element; undefined if the coordinates are none that are known. */
export function placesOf(axis: AxisResize, coordinates: string): readonly number[] | undefined {
  const places = Array.from({ length: axis.made }, (_, index) => placeOf(index, axis, coordinates));
  return places.every((place) => place !== undefined) ? places : undefined;
}

/** The weight of an element at a distance. */
function weightAt(distance: number, { mode, cubic }: Interpolation): number {
  const x = Math.abs(distance);
  if (mode === 'linear') return Math.max(1 - x, 0);
  if (x <= 1) return ((cubic + 2) * x - (cubic + 3)) * x * x + 1;
  return x < 2 ? ((cubic * x - 5 * cubic) * x + 8 * cubic) * x - 4 * cubic : 0;
}

/** The element that is nearest to a place. */
export function nearestTo(place: number, rounding: string, length: number): number {
  const floor = Math.floor(place);
  const share = place - floor;
  const isUp =
    rounding === 'ceil' ? share > 0 : rounding === 'floor' ? false : rounding === 'round_prefer_ceil' ? share >= 0.5 : share > 0.5;
  return Math.min(Math.max(isUp ? floor + 1 : floor, 0), length - 1);
}

/** The weights of an axis's elements for one place. */
export function weightsAt(place: number, { length, scale }: AxisResize, interpolation: Interpolation): Float64Array {
  const stretch = interpolation.antialias ? Math.min(scale, 1) : 1;
  const reach = (interpolation.mode === 'linear' ? 1 : 2) / stretch;
  const weights = new Float64Array(length);
  let total = 0;
  for (let at = Math.floor(place - reach) + 1; at < place + reach; at++) {
    if (interpolation.excludesOutside && (at < 0 || at >= length)) continue;
    const weight = weightAt((at - place) * stretch, interpolation);
    const kept = Math.min(Math.max(at, 0), length - 1);
    weights[kept] = (weights[kept] as number) + weight;
    total += weight;
  }
  return interpolation.antialias || interpolation.excludesOutside ? weights.map((weight) => weight / total) : weights;
}
