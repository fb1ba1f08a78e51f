/** Where the elements of a picture of another size lie in the picture that it is made of. */

/** How places are counted; `resample2d` says what each word means. */
export type Coordinates = 'halfPixel' | 'asymmetric' | 'alignCorners';

/** How a place between two elements is rounded. */
export type Rounding = 'floor' | 'ceil' | 'halfDown' | 'halfUp';

/** Where element `place` of `made` lies along an axis of `length` elements. It may lie beyond an edge. */
export function sourceOf(place: number, length: number, made: number, coordinates: Coordinates): number {
  if (coordinates === 'halfPixel') return ((place + 0.5) * length) / made - 0.5;
  if (coordinates === 'asymmetric') return (place * length) / made;
  return made > 1 ? (place * (length - 1)) / (made - 1) : 0;
}

/** The element that is nearest to where element `place` lies. */
export function nearestOf(place: number, length: number, made: number, coordinates: Coordinates, rounding: Rounding): number {
  const at = sourceOf(place, length, made, coordinates);
  const rounded = { floor: Math.floor(at), ceil: Math.ceil(at), halfDown: Math.ceil(at - 0.5), halfUp: Math.floor(at + 0.5) }[rounding];
  return Math.min(Math.max(rounded, 0), length - 1);
}
