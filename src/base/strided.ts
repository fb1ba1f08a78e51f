/** Walks over the elements of several tensors at once, each of which has strides of its own. */

/** How many elements lie between neighbours along each axis of a tensor that is stored row by row. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  return strides;
}

/** The strides of a tensor that is broadcast to `shape`: they are 0 along axes where its elements are repeated. */
export function broadcastStrides(own: readonly number[], shape: readonly number[]): number[] {
  const strides = stridesOf(own);
  const missing = shape.length - own.length;
  return shape.map((_, axis) => (axis < missing || own[axis - missing] === 1 ? 0 : (strides[axis - missing] as number)));
}

/**
 * Gets one row: where it begins in each tensor, how many elements it has, and how far these lie apart in each tensor. The arrays are
 * the same ones at every call.
 */
export type VisitRow = (starts: readonly number[], length: number, steps: readonly number[]) => void;

/**
 * Visits all places of a shape in rows. Neighbouring axes that all tensors store as one are walked as one, so that rows are long.
 * @param strides of each tensor, along each axis of the shape
 */
export function eachRow(shape: readonly number[], strides: readonly (readonly number[])[], visit: VisitRow): void {
  if (shape.includes(0)) return;
  const { sizes, steps } = mergeAxes(shape, strides);
  const length = sizes.pop() ?? 1;
  const rowSteps = steps.pop() ?? strides.map(() => 0);
  const starts = strides.map(() => 0);
  const place = sizes.map(() => 0);
  const move = (axis: number, count: number): void => {
    const along = steps[axis] as readonly number[];
    for (let each = 0; each < starts.length; each++) starts[each] = (starts[each] as number) + (along[each] as number) * count;
  };
  for (let axis = 0; axis >= 0; ) {
    visit(starts, length, rowSteps);
    for (axis = sizes.length - 1; axis >= 0; axis--) {
      const next = (place[axis] as number) + 1;
      place[axis] = next % (sizes[axis] as number);
      move(axis, next === sizes[axis] ? 1 - next : 1);
      if (next < (sizes[axis] as number)) break;
    }
  }
}

/** The axes that are left when axes of size 1 are dropped and axes that every tensor stores as one are merged. */
function mergeAxes(shape: readonly number[], strides: readonly (readonly number[])[]): { sizes: number[]; steps: (readonly number[])[] } {
  const sizes: number[] = [];
  const steps: (readonly number[])[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const along = strides.map((each) => each[axis] as number);
    if (steps.at(-1)?.every((outer, each) => outer === (along[each] as number) * size)) {
      sizes.push((sizes.pop() as number) * size);
      steps.pop();
    } else sizes.push(size);
    steps.push(along);
  }
  return { sizes, steps };
}
