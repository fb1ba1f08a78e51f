/** Pools over height and width. */
import { isFloat } from '../../../graph/element-type.js';
import type { NodeOf, Value } from '../../../graph/graph.js';
import { extent, paddingOf, spanOf } from '../../../graph/window.js';
import { i32 } from '../asm/scalar.js';
import { type PoolShape, pool } from '../kernels/pool.js';
import { padPicture } from './pad-picture.js';
import { plainStep } from './plain-step.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

type Pool = NodeOf<'maxPool2d'> | NodeOf<'averagePool2d'> | NodeOf<'l2Pool2d'>;

const KINDS = { maxPool2d: 'max', averagePool2d: 'average', l2Pool2d: 'l2' } as const;

/** The bits of the least float, which never wins. */
const MINUS_INFINITY_BITS = 0xff800000 | 0;

export function lowerPool(node: Pool, lowering: Lowering): Step {
  const { attributes, op } = node;
  const [input] = node.inputs as readonly [Value];
  const [output] = node.outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [, outputHeight, outputWidth] = shapeOf(output) as [number, number, number];
  const window = attributes.windowDimensions as unknown as [number, number];
  if (input.type === null || !isFloat(input.type.dataType)) throw new RangeError('pools whole numbers');
  const sides = ([height, width] as const).map((length, axis) => {
    const [before] = paddingOf(length, window[axis] as number, axis as 0 | 1, attributes);
    const places = axis === 0 ? outputHeight : outputWidth;
    // The last window may reach beyond all padding, where the size was rounded up.
    const covered =
      (places - 1) * (attributes.strides[axis] as number) + extent(window[axis] as number, attributes.dilations[axis] as number);
    return { before, length: Math.max(covered, before + length) };
  }) as [{ before: number; length: number }, { before: number; length: number }];
  const isPadded = sides[0].length > height || sides[1].length > width;
  const shape: PoolShape = {
    ...{ kind: KINDS[op], channels, inputWidth: isPadded ? sides[1].length : width, outputHeight, outputWidth, window },
    strides: attributes.strides as unknown as [number, number],
    dilations: attributes.dilations as unknown as [number, number],
  };
  const run = pool(lowering.kernels, shape);
  const factors = op === 'averagePool2d' ? lowering.weights.table(factorsOf(node, [height, width], [outputHeight, outputWidth])) : 0;
  const around = op === 'maxPool2d' ? MINUS_INFINITY_BITS : 0;
  const [{ before: top, length: paddedHeight }, { before: left, length: paddedWidth }] = sides;
  const pad = isPadded ? padPicture(lowering, [height, width, channels], [top, left], [paddedHeight, paddedWidth], around) : undefined;
  return plainStep(node, {
    scratchBytes: isPadded ? 4 * paddedHeight * paddedWidth * channels : 0,
    write: (at, [from], [to]) => {
      for (let index = 0; index < batch; index++) {
        const picture = i32.offset(from, (index * 4 * elementCount(input)) / batch);
        pad?.(at, picture);
        at.body.call(run, isPadded ? at.scratch : picture, i32.offset(to, (index * 4 * elementCount(output)) / batch), i32.const(factors));
      }
    },
  });
}

/** One over the number of elements that count under each window; 0 where none does. */
function factorsOf({ attributes }: Pool, lengths: readonly [number, number], places: readonly [number, number]): Float32Array {
  const counts = lengths.map((length, axis) =>
    Array.from({ length: places[axis] as number }, (_, place) => {
      const span = spanOf(place, length, attributes.windowDimensions[axis] as number, axis as 0 | 1, attributes);
      return { inside: span.places.length, padded: span.padded };
    }),
  ) as { inside: number; padded: number }[][];
  const [rows, columns] = counts as [{ inside: number; padded: number }[], { inside: number; padded: number }[]];
  return Float32Array.from(
    rows.flatMap((row) =>
      columns.map((column) => {
        const count = attributes.countPadding ? row.padded * column.padded : row.inside * column.inside;
        return row.inside * column.inside === 0 ? 0 : 1 / count;
      }),
    ),
  );
}
