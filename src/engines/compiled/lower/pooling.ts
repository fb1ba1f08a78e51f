/** Pools over height and width. */
import { sizeOf } from '../../../base/dtype.js';
import { INTEGER_RANGE, isFloat } from '../../../graph/element-type.js';
import type { NodeOf, TypedValue, Value } from '../../../graph/graph.js';
import { extent, paddingOf, spanOf } from '../../../graph/window.js';
import type { I32 } from '../asm/code.js';
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { elementwise } from '../kernels/elementwise.js';
import { MAX_EXACT_TERMS, meanOfHalves } from '../kernels/float64.js';
import { type PoolShape, pool } from '../kernels/pool.js';
import { padPicture } from './pad-picture.js';
import { plainStep } from './plain-step.js';
import type { Addresses, Lowering, Step } from './step.js';
import { bitsOf, ELEMENT_BYTES, elementCount, roomFor, shapeOf } from './values.js';

type Pool = NodeOf<'maxPool2d'> | NodeOf<'averagePool2d'> | NodeOf<'l2Pool2d'>;

const KINDS = { maxPool2d: 'max', averagePool2d: 'average', l2Pool2d: 'l2' } as const;

export function lowerPool(node: Pool, lowering: Lowering): Step {
  const { dataType } = (node.inputs[0] as TypedValue).type;
  const isMax = node.op === 'maxPool2d';
  if (!isFloat(dataType)) {
    if (node.op === 'l2Pool2d') throw new RangeError('takes roots of whole numbers');
    if (!isMax) return lowerWholeAverage(node, lowering);
  }
  const [least] = INTEGER_RANGE[dataType] ?? [Number.NEGATIVE_INFINITY];
  const pictures = picturesOf(node, lowering, bitsOf(dataType, isMax ? least : 0));
  const run = pool(lowering.kernels, { ...pictures.shape, kind: isFloat(dataType) ? KINDS[node.op] : 'wholeMax' });
  const factors =
    node.op === 'averagePool2d' ? lowering.weights.table(Float32Array.from(countsOf(node), (count) => count && 1 / count)) : 0;
  return plainStep(node, {
    scratchBytes: pictures.paddedBytes,
    write: (at, [from], [to]) => pictures.each(at, from, to, (picture, out) => at.body.call(run, picture, out, i32.const(factors))),
  });
}

/** Exact means, rounded towards zero. */
function lowerWholeAverage(node: NodeOf<'averagePool2d'>, lowering: Lowering): Step {
  const { kernels, weights } = lowering;
  const { windowDimensions } = node.attributes;
  const terms = sizeOf(windowDimensions);
  if (terms > MAX_EXACT_TERMS) throw new RangeError(`takes the mean of ${terms} whole numbers`);
  const pictures = picturesOf(node, lowering, 0);
  const { channels } = pictures.shape;
  const [upper, lower] = (['upperSum', 'lowerSum'] as const).map((kind) => pool(kernels, { ...pictures.shape, kind })) as [
    Callable,
    Callable,
  ];
  const places = countsOf(node);
  const divisors = i32.const(weights.table(Int32Array.from(places)));
  const own = [channels, 1];
  const axes = { sizes: [places.length, channels], strides: [own, own, [1, 0], own] };
  const mean = elementwise(kernels, axes, { name: 'mean of halves', write: meanOfHalves });
  const sumBytes = roomFor(places.length * channels * ELEMENT_BYTES);
  return plainStep(node, {
    scratchBytes: pictures.paddedBytes + 2 * sumBytes,
    write: (at, [from], [to]) => {
      const sums = at.body.let(i32.offset(at.scratch, pictures.paddedBytes));
      const second = at.body.let(i32.offset(sums, sumBytes));
      pictures.each(at, from, to, (picture, out) => {
        at.body.call(upper, picture, sums, i32.const(0));
        at.body.call(lower, picture, second, i32.const(0));
        at.body.call(mean, sums, second, divisors, out);
      });
    },
  });
}

/** The pictures of a batch, each with its padding around. */
interface Pictures {
  readonly shape: Omit<PoolShape, 'kind'>;
  /** Bytes of the scratch memory in which a padded picture lies. */
  readonly paddedBytes: number;
  /** @param pool writes the pooling of one picture, by the addresses of both */
  readonly each: (at: Addresses, from: I32, to: I32, pool: (picture: I32, out: I32) => void) => void;
}

/** @param around the bits of each element of the padding */
function picturesOf({ attributes, inputs, outputs }: Pool, lowering: Lowering, around: number): Pictures {
  const [input] = inputs as readonly [Value];
  const [output] = outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [, outputHeight, outputWidth] = shapeOf(output) as [number, number, number];
  const window = attributes.windowDimensions as unknown as [number, number];
  const sides = ([height, width] as const).map((length, axis) => {
    const [before] = paddingOf(length, window[axis] as number, axis as 0 | 1, attributes);
    const places = axis === 0 ? outputHeight : outputWidth;
    // The last window may reach beyond all padding, where the size was rounded up.
    const covered =
      (places - 1) * (attributes.strides[axis] as number) + extent(window[axis] as number, attributes.dilations[axis] as number);
    return { before, length: Math.max(covered, before + length) };
  }) as [{ before: number; length: number }, { before: number; length: number }];
  const [{ before: top, length: paddedHeight }, { before: left, length: paddedWidth }] = sides;
  const isPadded = paddedHeight > height || paddedWidth > width;
  const pad = isPadded ? padPicture(lowering, [height, width, channels], [top, left], [paddedHeight, paddedWidth], around) : undefined;
  return {
    shape: {
      ...{ channels, inputWidth: isPadded ? paddedWidth : width, outputHeight, outputWidth, window },
      strides: attributes.strides as unknown as [number, number],
      dilations: attributes.dilations as unknown as [number, number],
    },
    paddedBytes: isPadded ? roomFor(ELEMENT_BYTES * paddedHeight * paddedWidth * channels) : 0,
    each: (at, from, to, run) => {
      for (let index = 0; index < batch; index++) {
        const picture = i32.offset(from, (index * ELEMENT_BYTES * elementCount(input)) / batch);
        pad?.(at, picture);
        run(isPadded ? at.scratch : picture, i32.offset(to, (index * ELEMENT_BYTES * elementCount(output)) / batch));
      }
    },
  };
}

/** The number of elements that count under each window; 0 where none of the picture does. */
function countsOf({ attributes, inputs, outputs }: Pool): readonly number[] {
  const lengths = shapeOf(inputs[0] as Value).slice(1, 3);
  const places = shapeOf(outputs[0] as Value).slice(1, 3);
  const spans = lengths.map((length, axis) =>
    Array.from({ length: places[axis] as number }, (_, place) => {
      const span = spanOf(place, length, attributes.windowDimensions[axis] as number, axis as 0 | 1, attributes);
      return { inside: span.places.length, padded: span.padded };
    }),
  );
  const [rows, columns] = spans as [{ inside: number; padded: number }[], { inside: number; padded: number }[]];
  return rows.flatMap((row) =>
    columns.map((column) => {
      const inside = row.inside * column.inside;
      return attributes.countPadding && inside > 0 ? row.padded * column.padded : inside;
    }),
  );
}
