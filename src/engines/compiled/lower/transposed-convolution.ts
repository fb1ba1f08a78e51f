/**
 * Transposed convolutions. With a stride of s, the outputs at every s-th row and column are a plain convolution of the input by every s-th
 * place of the filter: s × s convolutions make the whole output.
 */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { i32 } from '../asm/scalar.js';
import { NO_EPILOGUE } from '../kernels/epilogue.js';
import { matrixProduct } from '../kernels/matrix-product.js';
import { type Depth, depthOf, PANEL_COLUMNS, panelBytes, panelHeadBytes } from '../kernels/matrix-tile.js';
import { padPicture } from './pad-picture.js';
import { placeHead } from './place-head.js';
import type { Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

/** The outputs of one remainder along an axis: the places of the filter that meet them, and where the input begins for the first one. */
interface Phase {
  /** The first output. */
  readonly first: number;
  readonly count: number;
  /** Places of the filter, for neighbouring elements of the input from `begin` on. */
  readonly taps: readonly number[];
  readonly begin: number;
}

/** Output o takes input i by the tap o + before - i · stride. */
function phasesOf(window: number, stride: number, before: number, made: number): readonly Phase[] {
  return Array.from({ length: Math.min(stride, made) }, (_, first) => {
    const shifted = first + before;
    const taps: number[] = [];
    for (let tap = shifted % stride; tap < window; tap += stride) taps.unshift(tap);
    const begin = taps.length === 0 ? 0 : (shifted - (taps[0] as number)) / stride;
    return { first, count: Math.ceil((made - first) / stride), taps, begin };
  });
}

export function lowerTransposedConvolution(node: NodeOf<'convTranspose2d'>, lowering: Lowering): Step {
  const [input, filter, bias = null] = node.inputs as readonly [Value, Value, (Value | null)?];
  const [output] = node.outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [windowHeight, windowWidth] = shapeOf(filter) as [number, number];
  const [, outputHeight, outputWidth, made] = shapeOf(output) as [number, number, number, number];
  const { strides, dilations, padding, groups } = node.attributes;
  const { kernels, weights, constants } = lowering;
  if (!constants.has(filter.name)) throw new RangeError('has a filter that is computed');
  if (groups !== 1 || dilations.some((each) => each !== 1)) throw new RangeError('has groups or dilations');
  const vertical = phasesOf(windowHeight, strides[0] as number, padding[0] as number, outputHeight);
  const horizontal = phasesOf(windowWidth, strides[1] as number, padding[2] as number, outputWidth);
  const [top, paddedHeight] = roomOf(vertical, height);
  const [left, paddedWidth] = roomOf(horizontal, width);
  const pixelBytes = 4 * channels;
  const lineBytes = paddedWidth * pixelBytes;
  const parts = vertical.flatMap((row) =>
    horizontal.map((column) => {
      if (row.taps.length * column.taps.length === 0) throw new RangeError('has a stride beyond its window');
      const depth: Depth = { run: column.taps.length * channels, loops: [{ times: row.taps.length, strideBytes: lineBytes }] };
      const blockBytes = panelBytes(depth, NO_EPILOGUE);
      const address = weights.reserve(Math.ceil(made / PANEL_COLUMNS) * blockBytes);
      placeHead(lowering, { width: PANEL_COLUMNS, blockBytes }, address, made, 0, [bias]);
      const taps = row.taps.flatMap((y) => column.taps.map((x) => y * windowWidth + x));
      for (const [index, tap] of taps.entries())
        weights.place(filter.name, {
          kind: 'interleaved',
          address: address + panelHeadBytes(NO_EPILOGUE) + index * channels * 4 * PANEL_COLUMNS,
          fromElement: tap * made * channels,
          ...{ rows: channels, columns: made, rowStride: 1, columnStride: channels, width: PANEL_COLUMNS, blockBytes },
        });
      const run = matrixProduct(
        kernels,
        {
          ...{ lines: row.count, rows: column.count, columns: made, depth, leftStrideBytes: pixelBytes, leftLineBytes: lineBytes },
          outStrideBytes: 4 * made * (strides[1] as number),
          outLineBytes: 4 * made * outputWidth * (strides[0] as number),
        },
        NO_EPILOGUE,
      );
      const from = (row.begin + top) * lineBytes + (column.begin + left) * pixelBytes;
      return { run, address, from, to: 4 * made * (row.first * outputWidth + column.first), depth: depthOf(depth) };
    }),
  );
  const isPadded = paddedHeight > height || paddedWidth > width;
  const pad = isPadded ? padPicture(lowering, [height, width, channels], [top, left], [paddedHeight, paddedWidth]) : undefined;
  return {
    ...{ node, reads: [input], writes: [output], mayReplace: [] },
    scratchBytes: isPadded ? paddedHeight * lineBytes + 64 : 0,
    write: (at) => {
      for (let index = 0; index < batch; index++) {
        const picture = i32.offset(at.of(input), (index * 4 * elementCount(input)) / batch);
        pad?.(at, picture);
        const to = i32.offset(at.of(output), (index * 4 * elementCount(output)) / batch);
        for (const part of parts)
          at.body.call(part.run, i32.offset(isPadded ? at.scratch : picture, part.from), i32.const(part.address), i32.offset(to, part.to));
      }
    },
  };
}

/** Elements before the input that some output reaches, and the length with those before and behind. */
function roomOf(phases: readonly Phase[], length: number): readonly [before: number, length: number] {
  const before = Math.max(0, ...phases.map(({ begin }) => -begin));
  const end = Math.max(length, ...phases.map(({ begin, count, taps }) => begin + count - 1 + taps.length));
  return [before, before + end];
}
