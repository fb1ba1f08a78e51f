/** Ops that neural networks are made of: convolutions, pools, matrix products, normalisations, resampling. Pictures are NHWC. */
import { choice, flag, listOf, optional, real, size, whole } from '../attribute.js';
import { broadcast, checkAxes, checkClass, checkRank, checkSame, checkSameDataType, defineOp, refused, sizesText } from '../op.js';
import { add, ceilDivide, floorDivide, isOpen, multiply, type Size, subtract } from '../size.js';
import { type Shape, shapeText, type TensorType } from '../tensor.js';
import { extent, type WindowAttributes } from '../window.js';

/** Attributes of a window that moves over height and width. */
const window = {
  strides: listOf(whole, 2),
  dilations: listOf(whole, 2),
  /**
   * `explicit`: as `padding` says. `sameUpper`: as much as makes ⌈size / stride⌉ places, the odd element at the end (TensorFlow's
   * SAME). `sameLower`: the odd element at the beginning.
   */
  autoPad: choice('explicit', 'sameUpper', 'sameLower'),
  /** Top, bottom, left, right; zeros unless `autoPad` is `explicit`. */
  padding: listOf(whole, 4),
};

function checkSteps(strides: readonly number[], dilations: readonly number[]): void {
  if (Math.min(...strides, ...dilations) < 1)
    throw refused(`has the strides [${strides.join(', ')}] and dilations [${dilations.join(', ')}]; both begin at 1`);
}

function checkWindow(sizes: readonly number[]): void {
  if (Math.min(...sizes) < 1) throw refused(`has a window of [${sizes.join(', ')}]`);
}

/** The number of places of a window along height (0) or width (1). */
function placesOf(
  length: Size,
  windowSize: number,
  axis: 0 | 1,
  { strides, dilations, autoPad, padding }: WindowAttributes,
  roundUp = false,
): Size {
  const [stride, dilation] = [strides[axis] as number, dilations[axis] as number];
  checkSteps(strides, dilations);
  if (autoPad !== 'explicit') return ceilDivide(length, stride);
  const padded = add(length, (padding[2 * axis] as number) + (padding[2 * axis + 1] as number));
  const room = subtract(padded, extent(windowSize, dilation));
  if (!isOpen(room) && room < 0) throw refused(`moves a window of ${extent(windowSize, dilation)} over ${padded as number} elements`);
  if (!roundUp) return add(floorDivide(room, stride), 1);
  // Windows that would begin in the padding behind the input are left out, as ONNX and PyTorch do: only those count that begin
  // before it. Their number is ⌈(before + length) / stride⌉, and ⌈room / stride⌉ + 1 where the padding is shorter than that.
  const [before, behind] = [padding[2 * axis] as number, padding[2 * axis + 1] as number];
  return ceilDivide(add(length, before + Math.min(behind - extent(windowSize, dilation) + stride, 0)), stride);
}

const closed = (length: Size, what: string): number => {
  if (isOpen(length)) throw refused(`takes ${what} of a known size, but got ${length.text}`);
  return length;
};

const pool = <const Name extends string>(name: Name) =>
  defineOp({
    name,
    inputs: ['input'],
    attributes: { ...window, windowDimensions: listOf(whole, 2), outputRounding: choice('floor', 'ceil'), countPadding: flag },
    infer: ([given], attributes) => {
      const input = given as TensorType;
      checkClass(input, 'number');
      checkRank(input, 4);
      const { windowDimensions, outputRounding } = attributes;
      checkWindow(windowDimensions);
      const [batch, height, width, channels] = input.shape as unknown as [Size, Size, Size, Size];
      const roundUp = outputRounding === 'ceil';
      const places = [
        placesOf(height, windowDimensions[0] as number, 0, attributes, roundUp),
        placesOf(width, windowDimensions[1] as number, 1, attributes, roundUp),
      ];
      return [{ dataType: input.dataType, shape: [batch, ...places, channels] }];
    },
  });

function checkBias(bias: TensorType | undefined, input: TensorType, channels: Size): void {
  if (bias === undefined) return;
  checkSameDataType(input, bias);
  checkRank(bias, 1, 'bias');
  checkSame(bias.shape[0] as number, channels, 'channels of bias and output');
}

/** Refuses numbers along an axis that do not have the axis's size. */
function checkAlong(given: TensorType | undefined, sizes: Shape, name: string): void {
  if (given === undefined) return;
  checkRank(given, sizes.length, name);
  for (const [axis, length] of sizes.entries()) checkSame(given.shape[axis] as number, length, `sizes of ${name} and input`);
}

export const NETWORK_OPS = {
  /**
   * A convolution of NHWC pictures with a filter [height, width, channels in / groups, channels out]. With as many groups as
   * channels it is a depthwise one. Padding is zeros. Unlike in WebNN, it may be of int32 or int64, whose sums are exact up to 2^53.
   */
  conv2d: defineOp({
    name: 'conv2d',
    inputs: ['input', 'filter', 'bias?'],
    attributes: { ...window, groups: whole },
    infer: (inputs, attributes) => {
      const [input, filter, bias] = inputs as [TensorType, TensorType, TensorType | undefined];
      const { groups } = attributes;
      if (input.dataType !== 'int32' && input.dataType !== 'int64') checkClass(input, 'float');
      checkSameDataType(input, filter);
      checkRank(input, 4);
      checkRank(filter, 4, 'filter');
      const [batch, height, width, channels] = input.shape as unknown as [Size, Size, Size, Size];
      const [rows, columns, taken, made] = filter.shape.map((each) => closed(each, 'a filter')) as [number, number, number, number];
      checkWindow([rows, columns]);
      if (groups < 1 || made % groups !== 0) throw refused(`has ${groups} groups for ${made} channels out`);
      checkSame(channels, taken * groups, 'channels of the input and of the filter times groups');
      checkBias(bias, input, made);
      const places = [placesOf(height, rows, 0, attributes), placesOf(width, columns, 1, attributes)];
      return [{ dataType: input.dataType, shape: [batch, ...places, made] }];
    },
  }),
  /**
   * The transpose of a convolution: each element of the input adds its multiple of the filter [height, width, channels out / groups,
   * channels in] to the output. `padding` cuts the output's edges; `outputPadding` adds rows at the bottom and columns at the right.
   */
  convTranspose2d: defineOp({
    name: 'convTranspose2d',
    inputs: ['input', 'filter', 'bias?'],
    attributes: {
      strides: window.strides,
      dilations: window.dilations,
      padding: window.padding,
      outputPadding: listOf(whole, 2),
      groups: whole,
    },
    infer: (inputs, { strides, dilations, padding, outputPadding, groups }) => {
      const [input, filter, bias] = inputs as [TensorType, TensorType, TensorType | undefined];
      checkClass(input, 'float');
      checkSameDataType(input, filter);
      checkRank(input, 4);
      checkRank(filter, 4, 'filter');
      const [batch, height, width, channels] = input.shape as unknown as [Size, Size, Size, Size];
      const [rows, columns, made, taken] = filter.shape.map((each) => closed(each, 'a filter')) as [number, number, number, number];
      checkWindow([rows, columns]);
      if (groups < 1 || taken % groups !== 0) throw refused(`has ${groups} groups for ${taken} channels in`);
      checkSteps(strides, dilations);
      if (outputPadding.some((each) => each < 0)) throw refused(`has the output padding [${outputPadding.join(', ')}]`);
      checkSame(channels, taken, 'channels of the input and of the filter');
      checkBias(bias, input, made * groups);
      const sizeOf = (length: Size, windowSize: number, axis: 0 | 1): Size => {
        const cut = (padding[2 * axis] as number) + (padding[2 * axis + 1] as number) - (outputPadding[axis] as number);
        const made = add(multiply(subtract(length, 1), strides[axis] as number), extent(windowSize, dilations[axis] as number) - cut);
        if (!isOpen(made) && made < 0) throw refused(`cuts ${cut} elements of ${made + cut}`);
        return made;
      };
      return [{ dataType: input.dataType, shape: [batch, sizeOf(height, rows, 0), sizeOf(width, columns, 1), made * groups] }];
    },
  }),
  /**
   * Padding does not count, unless `countPadding` says so, which WebNN lacks. What a last window covers beyond the padding never
   * counts, and a window in which nothing counts gives 0, as in ONNX Runtime. The mean of whole numbers is rounded towards zero.
   */
  averagePool2d: pool('averagePool2d'),
  /**
   * Padding never wins: a window of padding alone gives the least value that the element type has. NaN wins over every number.
   * `countPadding` has no meaning.
   */
  maxPool2d: pool('maxPool2d'),
  /** The square root of the sum of squares; that of whole numbers is rounded towards zero. `countPadding` has no meaning. */
  l2Pool2d: pool('l2Pool2d'),
  /** Matrix products of the last two axes; the axes before are broadcast. */
  matmul: defineOp({
    name: 'matmul',
    inputs: ['a', 'b'],
    attributes: {},
    infer: (inputs) => {
      const [a, b] = inputs as [TensorType, TensorType];
      checkClass(a, 'number', 'a');
      checkSameDataType(a, b);
      if (a.shape.length < 2 || b.shape.length < 2)
        throw refused(`takes matrices, but got ${shapeText(a.shape)} and ${shapeText(b.shape)}`);
      checkSame(a.shape.at(-1) as number, b.shape.at(-2) as number, 'columns of a and rows of b');
      const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
      return [{ dataType: a.dataType, shape: [...batch, a.shape.at(-2) as number, b.shape.at(-1) as number] }];
    },
  }),
  /** (x - mean) / √(variance + epsilon) · scale + bias, with a number of each for every place along the axis. */
  batchNormalization: defineOp({
    name: 'batchNormalization',
    inputs: ['input', 'mean', 'variance', 'scale?', 'bias?'],
    attributes: { axis: whole, epsilon: real },
    infer: (inputs, { axis }) => {
      const [input, ...numbers] = inputs as [TensorType, ...(TensorType | undefined)[]];
      checkClass(input, 'float');
      checkAxes([axis], input);
      for (const [index, each] of numbers.entries())
        checkAlong(each, [input.shape[axis] as number], ['mean', 'variance', 'scale', 'bias'][index] as string);
      return [input];
    },
  }),
  /** Each part along the axes is moved to mean 0 and variance 1, then scaled. Scale and bias have the sizes of these axes. */
  layerNormalization: defineOp({
    name: 'layerNormalization',
    inputs: ['input', 'scale?', 'bias?'],
    attributes: { axes: listOf(whole), epsilon: real },
    infer: (inputs, { axes }) => {
      const [input, scale, bias] = inputs as [TensorType, TensorType | undefined, TensorType | undefined];
      checkClass(input, 'float');
      checkAxes(axes, input);
      const sizes = axes.map((axis) => input.shape[axis] as number);
      checkAlong(scale, sizes, 'scale');
      checkAlong(bias, sizes, 'bias');
      return [input];
    },
  }),
  /** Each channel of each picture is moved to mean 0 and variance 1, then scaled. */
  instanceNormalization: defineOp({
    name: 'instanceNormalization',
    inputs: ['input', 'scale?', 'bias?'],
    attributes: { epsilon: real },
    infer: (inputs) => {
      const [input, scale, bias] = inputs as [TensorType, TensorType | undefined, TensorType | undefined];
      checkClass(input, 'float');
      checkRank(input, 4);
      checkAlong(scale, [input.shape[3] as number], 'scale');
      checkAlong(bias, [input.shape[3] as number], 'bias');
      return [input];
    },
  }),
  /** x / (bias + alpha · Σx²)^beta, where the sum runs over `radius` channels on either side (Krizhevsky et al., 2012). Not in WebNN. */
  localResponseNormalization: defineOp({
    name: 'localResponseNormalization',
    inputs: ['input'],
    attributes: { radius: whole, bias: real, alpha: real, beta: real },
    infer: ([given], { radius }) => {
      checkClass(given as TensorType, 'float');
      checkRank(given as TensorType, 4);
      if (radius < 0) throw refused(`has the radius ${radius}`);
      return [given as TensorType];
    },
  }),
  /**
   * Another height and width. An output's place x lies in the input at (x + 0.5) · scale - 0.5 (`halfPixel`), x · scale (`asymmetric`),
   * or x · (in - 1) / (out - 1) (`alignCorners`; 0 if out is 1), where scale is in / out, all without rounding. `nearest` takes the
   * element there, rounded as `rounding` says; `linear` weighs the two neighbours, and rounds whole numbers towards zero. Places
   * beyond an edge are at the edge. WebNN has `halfPixel` alone.
   */
  resample2d: defineOp({
    name: 'resample2d',
    inputs: ['input'],
    attributes: {
      sizes: listOf(size, 2),
      mode: choice('nearest', 'linear'),
      coordinates: choice('halfPixel', 'asymmetric', 'alignCorners'),
      rounding: optional(choice('floor', 'ceil', 'halfDown', 'halfUp')),
    },
    infer: ([given], { sizes, mode, rounding }) => {
      const input = given as TensorType;
      checkClass(input, 'number');
      checkRank(input, 4);
      if (mode === 'nearest' && rounding === undefined) throw refused('has no rounding, which the nearest element needs');
      for (const [axis, each] of sizes.entries()) {
        const isBelow = !isOpen(each) && each < 0;
        if (isBelow || (input.shape[axis + 1] === 0 && each !== 0))
          throw refused(`cannot give a picture ${shapeText(input.shape)} the sizes [${sizesText(sizes)}]`);
      }
      return [{ dataType: input.dataType, shape: [input.shape[0] as number, ...sizes, input.shape[3] as number] }];
    },
  }),
} as const;
