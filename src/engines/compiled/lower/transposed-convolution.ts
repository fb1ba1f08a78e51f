/**
 * Transposed convolutions. With a stride of s, the outputs at every s-th row and column are a plain convolution of the input by some places
 * of the filter: s × s convolutions make the whole output.
 */
import type { NodeOf, Value } from '../../../graph/graph.js';
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { copy } from '../kernels/copy.js';
import { NO_EPILOGUE } from '../kernels/epilogue.js';
import { rowMajor } from '../kernels/loops.js';
import { matrixProduct } from '../kernels/matrix-product.js';
import { PANEL_COLUMNS, panelBytes, panelHeadBytes } from '../kernels/matrix-tile.js';
import { depthOfWindow } from './convolution.js';
import { headBlocks } from './head-blocks.js';
import { lowerUpscale } from './narrow.js';
import { padPicture } from './pad-picture.js';
import type { Lowering, Step } from './step.js';
import { ELEMENT_BYTES, elementCount, shapeOf } from './values.js';

/** The outputs of one remainder along an axis: the places of the filter that meet them, and where the input begins for the first one. */
interface Phase {
  /** The first output. */
  readonly first: number;
  readonly count: number;
  /** Places of the filter, for elements of the input from `begin` on. */
  readonly taps: readonly number[];
  readonly begin: number;
  /** How far these elements are from each other. */
  readonly step: number;
}

/** Output o takes input i by the tap (o + before - i · stride) / dilation, where that is whole. */
function phasesOf(window: number, stride: number, dilation: number, before: number, made: number): readonly Phase[] {
  return Array.from({ length: Math.min(stride, made) }, (_, first) => {
    const inputOf = (tap: number): number => (first + before - tap * dilation) / stride;
    const taps = Array.from({ length: window }, (_, tap) => window - 1 - tap).filter((tap) => Number.isInteger(inputOf(tap)));
    const [begin = 0, next = begin + 1] = taps.map(inputOf);
    return { first, count: Math.ceil((made - first) / stride), taps, begin, step: next - begin };
  });
}

/** The sizes of a transposed convolution. */
interface Shapes {
  readonly windowWidth: number;
  readonly channels: number;
  readonly made: number;
  readonly groups: number;
  readonly outputWidth: number;
  readonly strides: readonly [y: number, x: number];
  /** Bytes of a line of the input with its padding. */
  readonly lineBytes: number;
}

export function lowerTransposedConvolution(node: NodeOf<'convTranspose2d'>, lowering: Lowering): Step {
  const [input, filter, bias = null] = node.inputs as readonly [Value, Value, (Value | null)?];
  const [output] = node.outputs as readonly [Value];
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [windowHeight, windowWidth] = shapeOf(filter) as [number, number];
  const [, outputHeight, outputWidth, made] = shapeOf(output) as [number, number, number, number];
  const { dilations, padding, groups } = node.attributes;
  const upscale = dilations.every((each) => each === 1) ? lowerUpscale(node, lowering) : undefined;
  if (upscale !== undefined) return upscale;
  const strides = node.attributes.strides as readonly [number, number];
  const vertical = phasesOf(windowHeight, strides[0], dilations[0] as number, padding[0] as number, outputHeight);
  const horizontal = phasesOf(windowWidth, strides[1], dilations[1] as number, padding[2] as number, outputWidth);
  const [top, paddedHeight] = roomOf(vertical, height);
  const [left, paddedWidth] = roomOf(horizontal, width);
  const pixelBytes = ELEMENT_BYTES * channels;
  const lineBytes = paddedWidth * pixelBytes;
  const shapes = { windowWidth, channels, made, groups, outputWidth, strides, lineBytes };
  const places = vertical.flatMap((row) => horizontal.map((column) => ({ row, column })));
  const isMet = ({ row, column }: (typeof places)[number]): boolean => row.taps.length * column.taps.length > 0;
  const parts = places.filter(isMet).map(({ row, column }) => ({
    ...productsOf(shapes, row, column, filter, bias, lowering),
    from: (row.begin + top) * lineBytes + (column.begin + left) * pixelBytes,
    to: ELEMENT_BYTES * made * (row.first * outputWidth + column.first),
  }));
  // Outputs that no element of the input reaches are the bias alone.
  const alone = places.every(isMet) ? undefined : biasAlone(lowering, elementCount(output) / batch, made, bias);
  const isPadded = paddedHeight > height || paddedWidth > width;
  const pad = isPadded ? padPicture(lowering, [height, width, channels], [top, left], [paddedHeight, paddedWidth]) : undefined;
  return {
    ...{ node, reads: [input], writes: [output], mayReplace: [] },
    scratchBytes: isPadded ? paddedHeight * lineBytes + 64 : 0,
    write: (at) => {
      for (let index = 0; index < batch; index++) {
        const picture = i32.offset(at.of(input), (index * ELEMENT_BYTES * elementCount(input)) / batch);
        pad?.(at, picture);
        const to = i32.offset(at.of(output), (index * ELEMENT_BYTES * elementCount(output)) / batch);
        if (alone !== undefined) at.body.call(alone.run, i32.const(alone.address), to);
        for (const { run, addresses, ofGroup, taken, ...part } of parts)
          for (const [group, address] of addresses.entries())
            at.body.call(
              run,
              i32.offset(isPadded ? at.scratch : picture, part.from + group * taken * ELEMENT_BYTES),
              i32.const(address),
              i32.offset(to, part.to + group * ofGroup * ELEMENT_BYTES),
            );
      }
    },
  };
}

/** The convolution that makes the outputs of two phases, with the panels of each group. */
function productsOf(
  { windowWidth, channels, made, groups, outputWidth, strides, lineBytes }: Shapes,
  row: Phase,
  column: Phase,
  filter: Value,
  bias: Value | null,
  lowering: Lowering,
) {
  const { kernels, weights } = lowering;
  const [taken, ofGroup] = [channels / groups, made / groups];
  const depth = depthOfWindow(row.taps.length, column.taps.length, taken, channels, [row.step, column.step], lineBytes);
  const blockBytes = panelBytes(depth, NO_EPILOGUE);
  const taps = row.taps.flatMap((y) => column.taps.map((x) => y * windowWidth + x));
  const addresses = Array.from({ length: groups }, (_, group) =>
    weights.placeBlocks(Math.ceil(ofGroup / PANEL_COLUMNS) * blockBytes, [
      ...headBlocks({ width: PANEL_COLUMNS, blockBytes }, ofGroup, group * ofGroup, [bias]),
      ...taps.map((tap, index) => ({
        name: filter.name,
        offset: panelHeadBytes(NO_EPILOGUE) + index * taken * ELEMENT_BYTES * PANEL_COLUMNS,
        fromElement: tap * ofGroup * channels + group * taken,
        ...{ rows: taken, columns: ofGroup, rowStride: 1, columnStride: channels, width: PANEL_COLUMNS, blockBytes },
      })),
    ]),
  );
  const run = matrixProduct(
    kernels,
    {
      ...{ lines: row.count, rows: column.count, columns: ofGroup, depth },
      ...{ leftStrideBytes: ELEMENT_BYTES * channels, leftLineBytes: lineBytes },
      outStrideBytes: ELEMENT_BYTES * made * strides[1],
      outLineBytes: ELEMENT_BYTES * made * outputWidth * strides[0],
    },
    NO_EPILOGUE,
  );
  return { run, addresses, taken, ofGroup };
}

/** A kernel that puts the bias into all outputs of a picture, and the address of the bias. */
function biasAlone(
  { kernels, weights }: Lowering,
  elements: number,
  made: number,
  bias: Value | null,
): { readonly run: Callable; readonly address: number } {
  const bytes = ELEMENT_BYTES * made;
  const numbers = { offset: 0, fromElement: 0, rows: 1, columns: made, rowStride: 0, columnStride: 1, width: made, blockBytes: bytes };
  const address = weights.placeBlocks(bytes, bias === null ? [] : [{ name: bias.name, ...numbers }]);
  const sizes = [elements / made, made];
  return { run: copy(kernels, { sizes, strides: [[0, 1], rowMajor(sizes)] }), address };
}

/** Elements before the input that some output reaches, and the length with those before and behind. */
function roomOf(all: readonly Phase[], length: number): readonly [before: number, length: number] {
  const phases = all.filter(({ taps }) => taps.length > 0);
  const before = Math.max(0, ...phases.map(({ begin }) => -begin));
  const end = Math.max(length, ...phases.map(({ begin, count, taps, step }) => begin + count + (taps.length - 1) * step));
  return [before, before + end];
}
