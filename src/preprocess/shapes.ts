/** Refuses feeds of shapes for which a model was not packed. */
import { shapeText } from '../base/dtype.js';
import type { InputSpec } from '../manifest/manifest.js';
import type { Dim } from '../manifest/signature.js';
import type { Feed } from './feed.js';
import { wrong } from './tensor.js';

/**
 * Checks that all feeds have shapes that go together.
 * @throws {PannierError} `input`, naming an input whose shape is none of those that its model was packed for
 */
export function checkShapes(inputs: Readonly<Record<string, InputSpec>>, feeds: readonly Feed[]): void {
  const limited = feeds.flatMap(({ name, shape }) => {
    const { shapes } = inputs[name] as InputSpec;
    return shapes === undefined ? [] : [{ name, shape, shapes }];
  });
  const [first] = limited;
  if (first === undefined) return;
  // Which of its shapes an input has, the others have to have too.
  let left = [...first.shapes.keys()];
  for (const { name, shape, shapes } of limited) {
    left = left.filter((index) => isOf(shapes[index] as readonly Dim[], shape));
    if (left.length > 0) continue;
    const wanted = `takes ${shapes.map(shapeText).join(' or ')}${limited.length > 1 ? ', which go with the shapes of other inputs' : ''}`;
    const next = 'Give one of these shapes, or pack the model with this one in `shapes`.';
    throw wrong(name, wanted, `has shape ${shapeText(shape)}`, { wanted: shapes, got: shape }, next);
  }
}

const isOf = (shape: readonly Dim[], sizes: readonly number[]): boolean =>
  shape.length === sizes.length && shape.every((size, axis) => size === null || size === sizes[axis]);
