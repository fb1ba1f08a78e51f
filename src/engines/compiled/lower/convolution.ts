/** Convolutions: depthwise ones by their own kernel, all others as products of a matrix. */
import type { NodeOf, Value } from '../../../graph/graph.js';
import { paddingOf } from '../../../graph/window.js';
import type { I32 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { BLOCK_CHANNELS, blockBytes, blockHeadBytes, type DepthwisePicture, depthwisePicture } from '../kernels/depthwise.js';
import { matrixProduct, type ProductShape } from '../kernels/matrix-product.js';
import { type Depth, depthOf, PANEL_COLUMNS, panelBytes, panelHeadBytes } from '../kernels/matrix-tile.js';
import { headBlocks } from './head-blocks.js';
import { placeNarrow } from './narrow.js';
import { padPicture } from './pad-picture.js';
import type { Addresses, GroupEpilogue, Lowering, Step } from './step.js';
import { elementCount, shapeOf } from './values.js';

/** The sizes of a convolution. */
export interface Convolution {
  readonly node: NodeOf<'conv2d'>;
  readonly input: Value;
  readonly filter: Value;
  readonly bias: Value | null;
  readonly output: Value;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** A convolution with a filter for each channel. */
export function isDepthwise({ inputs, outputs, attributes }: NodeOf<'conv2d'>): boolean {
  const channels = shapeOf(inputs[0] as Value)[3] as number;
  const isOwn = shapeOf(inputs[1] as Value)[2] === 1 && shapeOf(outputs[0] as Value)[3] === channels;
  return channels > 1 && isOwn && attributes.groups === channels;
}

export function convolutionOf(node: NodeOf<'conv2d'>): Convolution {
  const [input, filter, bias = null] = node.inputs as readonly [Value, Value, (Value | null)?];
  const [, height, width] = shapeOf(input) as [number, number, number];
  const [rows, columns] = shapeOf(filter) as [number, number];
  const [top, bottom] = paddingOf(height, rows, 0, node.attributes);
  const [left, right] = paddingOf(width, columns, 1, node.attributes);
  return { node, input, filter, bias, output: node.outputs[0] as Value, top, bottom, left, right };
}

export const lowerConvolution = (node: NodeOf<'conv2d'>, end: GroupEpilogue, lowering: Lowering): Step =>
  (isDepthwise(node) ? depthwise : product)(convolutionOf(node), end, lowering);

/** The sizes of a depthwise convolution as its kernel takes them. */
export function depthwiseShape({ node, input, filter, output, top, left }: Convolution): DepthwisePicture {
  const [, inputHeight, inputWidth, channels] = shapeOf(input) as [number, number, number, number];
  const [windowHeight, windowWidth] = shapeOf(filter) as [number, number];
  const [, outputHeight, outputWidth] = shapeOf(output) as [number, number, number];
  const [strideY, stride] = node.attributes.strides as [number, number];
  const [dilationY, dilation] = node.attributes.dilations as [number, number];
  return {
    ...{ channels, inputWidth, outputWidth, windowHeight, windowWidth, stride, dilation, paddingLeft: left },
    ...{ inputHeight, outputHeight, strideY, dilationY, paddingTop: top },
  };
}

/** Lays the weights of a depthwise convolution out. @returns their address */
export function placeDepthwise({ input, filter, bias }: Convolution, end: GroupEpilogue, lowering: Lowering): number {
  const [, , inputWidth, channels] = shapeOf(input) as [number, number, number, number];
  const [windowHeight, windowWidth] = shapeOf(filter) as [number, number];
  const { weights } = lowering;
  const taps = windowHeight * windowWidth;
  const blocks = { width: BLOCK_CHANNELS, blockBytes: blockBytes(taps, end.epilogue), headBytes: blockHeadBytes(end.epilogue) };
  const address = weights.placeBlocks(Math.ceil(channels / BLOCK_CHANNELS) * blocks.blockBytes, [
    ...headBlocks(blocks, channels, 0, [bias, ...end.channelConstants]),
    {
      ...{ name: filter.name, offset: blocks.headBytes, fromElement: 0 },
      ...{ rows: taps, columns: channels, rowStride: channels, columnStride: 1, width: blocks.width, blockBytes: blocks.blockBytes },
    },
  ]);
  weights.needZeros(4 * channels * inputWidth);
  return address;
}

function depthwise(convolution: Convolution, end: GroupEpilogue, lowering: Lowering): Step {
  const { node, input } = convolution;
  const address = placeDepthwise(convolution, end, lowering);
  const run = depthwisePicture(lowering.kernels, depthwiseShape(convolution), end.epilogue);
  return {
    ...stepOf(node, input, end),
    scratchBytes: 0,
    write: (at) =>
      eachPicture(at, shapeOf(input)[0] as number, input, end, (from, to, operands) =>
        at.body.call(run, i32.const(address), to, from, i32.const(lowering.weights.zeros), ...operands),
      ),
  };
}

function product(convolution: Convolution, end: GroupEpilogue, lowering: Lowering): Step {
  const { node, input, filter, output, top, bottom, left, right } = convolution;
  const [batch, height, width, channels] = shapeOf(input) as [number, number, number, number];
  const [windowHeight, windowWidth, taken, made] = shapeOf(filter) as [number, number, number, number];
  const [, outputHeight, outputWidth] = shapeOf(output) as [number, number, number];
  const { groups, strides, dilations } = node.attributes;
  const isPadded = top + bottom + left + right > 0;
  const [paddedHeight, paddedWidth] = [height + top + bottom, width + left + right];
  const pixelBytes = 4 * channels;
  const lineBytes = paddedWidth * pixelBytes;
  const depth = depthOfWindow(windowHeight, windowWidth, taken, channels, dilations, lineBytes);
  const ofGroup = made / groups;
  const [strideY, strideX] = strides as [number, number];
  const isMatrix = !isPadded && windowHeight === 1 && windowWidth === 1 && strideY === 1 && strideX === 1;
  const lines = { leftStrideBytes: strideX * pixelBytes, leftLineBytes: strideY * lineBytes, outStrideBytes: 4 * made };
  const shape: ProductShape = isMatrix
    ? { ...lines, lines: 1, rows: height * width, columns: ofGroup, depth, leftLineBytes: 0, outLineBytes: 0 }
    : { ...lines, lines: outputHeight, rows: outputWidth, columns: ofGroup, depth, outLineBytes: 4 * made * outputWidth };
  const narrow = groups === 1 ? placeNarrow(lowering, convolution, shape, end) : undefined;
  const addresses = narrow === undefined ? placePanels(convolution, depth, end, lowering) : [narrow.address];
  const run = narrow?.run ?? matrixProduct(lowering.kernels, shape, end.epilogue);
  const pad = isPadded ? padPicture(lowering, [height, width, channels], [top, left], [paddedHeight, paddedWidth]) : undefined;
  return {
    ...stepOf(node, input, end),
    scratchBytes: isPadded ? paddedHeight * lineBytes + 64 : 0,
    write: (at) =>
      eachPicture(at, batch, input, end, (from, to, operands) => {
        pad?.(at, from);
        const picture = isPadded ? at.scratch : from;
        for (const [group, address] of addresses.entries())
          at.body.call(run, i32.offset(picture, group * taken * 4), i32.const(address), i32.offset(to, group * ofGroup * 4), ...operands);
      }),
  };
}

/** Lays the filter out in panels. @returns the address of the first panel of each group */
export function placePanels({ node, filter, bias }: Convolution, depth: Depth, end: GroupEpilogue, lowering: Lowering): readonly number[] {
  const { weights } = lowering;
  const { groups } = node.attributes;
  const made = shapeOf(filter).at(-1) as number;
  const ofGroup = made / groups;
  const blocks = { width: PANEL_COLUMNS, blockBytes: panelBytes(depth, end.epilogue), headBytes: panelHeadBytes(end.epilogue) };
  return Array.from({ length: groups }, (_, group) =>
    weights.placeBlocks(Math.ceil(ofGroup / PANEL_COLUMNS) * blocks.blockBytes, [
      ...headBlocks(blocks, ofGroup, group * ofGroup, [bias, ...end.channelConstants]),
      {
        ...{ name: filter.name, offset: blocks.headBytes, fromElement: group * ofGroup },
        ...{ rows: depthOf(depth), columns: ofGroup, rowStride: made, columnStride: 1 },
        ...{ width: PANEL_COLUMNS, blockBytes: blocks.blockBytes },
      },
    ]),
  );
}

/** The runs of elements under a window: whole rows of it where they lie side by side, else one for each of its elements. */
export function depthOfWindow(
  height: number,
  width: number,
  taken: number,
  channels: number,
  [dilationY, dilationX]: readonly number[],
  lineBytes: number,
): Depth {
  const rows = { times: height, strideBytes: (dilationY as number) * lineBytes };
  if (taken === channels && (dilationX === 1 || width === 1)) return { run: width * taken, loops: height === 1 ? [] : [rows] };
  return { run: taken, loops: [rows, { times: width, strideBytes: 4 * channels * (dilationX as number) }] };
}

/** The parts of a step that every anchor has. */
export const stepOf = (node: NodeOf<'conv2d'> | NodeOf<'matmul'>, input: Value, { operands, output }: GroupEpilogue) => ({
  node,
  reads: [input, ...operands],
  writes: [output],
  // An operand of the epilogue is read at a place just before that place is written.
  mayReplace: operands.filter((each) => each !== input),
});

/** Runs a kernel for each picture of a batch. */
function eachPicture(
  at: Addresses,
  batch: number,
  input: Value,
  { operands, output }: GroupEpilogue,
  run: (from: I32, to: I32, operands: readonly I32[]) => void,
): void {
  const [inputBytes, outputBytes] = [input, output].map((each) => (4 * elementCount(each)) / batch) as [number, number];
  const to = at.body.let(at.of(output));
  const distances = operands.map((each) => at.body.let(i32.sub(at.of(each), to)));
  for (let index = 0; index < batch; index++)
    run(i32.offset(at.of(input), index * inputBytes), i32.offset(to, index * outputBytes), distances);
}
