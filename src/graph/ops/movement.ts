/** Ops that move elements and compute nothing, and ops that make tensors out of sizes. */
import { choice, dataType, flag, listOf, real, size, whole } from '../attribute.js';
import { type DataType, INTEGER_RANGE, isFloat } from '../element-type.js';
import { broadcast, checkAxes, checkRank, checkSame, checkSameDataType, defineOp, known, refused, sizesText } from '../op.js';
import { add, ceilDivide, exactQuotient, floorDivide, isOpen, isSameSize, multiply, product, subtract, sum } from '../size.js';
import { type Shape, shapeText, type TensorType } from '../tensor.js';

const checkLength = (values: readonly unknown[], { shape }: TensorType, what: string): void => {
  if (values.length !== shape.length) throw refused(`has ${values.length} ${what} for the shape ${shapeText(shape)}`);
};

const checkNotNegative = (sizes: Shape, what: string): void => {
  if (sizes.some((each) => !isOpen(each) && each < 0)) throw refused(`has ${what} below 0: [${sizesText(sizes)}]`);
};

/** Refuses a number that is none of an element type. */
const checkHolds = (dataType: DataType, value: number): void => {
  const [least, greatest] =
    dataType === 'bool' ? [0, 1] : (INTEGER_RANGE[dataType] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  if (value < least || value > greatest || (!isFloat(dataType) && !Number.isInteger(value)))
    throw refused(`has the value ${value}, which is none of ${dataType}`);
};

export const MOVEMENT_OPS = {
  /** The same elements in another shape. */
  reshape: defineOp({
    name: 'reshape',
    inputs: ['input'],
    attributes: { newShape: listOf(size) },
    infer: ([given], { newShape }) => {
      const { dataType, shape } = given as TensorType;
      checkNotNegative(newShape, 'sizes');
      const [before, after] = [product(shape), product(newShape)];
      if (!isOpen(before) && !isOpen(after) && before !== after)
        throw refused(`cannot give ${before} elements of ${shapeText(shape)} the shape ${shapeText(newShape)}`);
      return [{ dataType, shape: newShape }];
    },
  }),
  /** The input's axes in another order: axis i of the output is axis permutation[i] of the input. */
  transpose: defineOp({
    name: 'transpose',
    inputs: ['input'],
    attributes: { permutation: listOf(whole) },
    infer: ([given], { permutation }) => {
      const { dataType, shape } = given as TensorType;
      checkAxes(permutation, given as TensorType);
      checkLength(permutation, given as TensorType, 'axes');
      return [{ dataType, shape: permutation.map((axis) => shape[axis] as number) }];
    },
  }),
  /** Repeats along axes of size 1, and along new axes in front, until the shape is reached. */
  expand: defineOp({
    name: 'expand',
    inputs: ['input'],
    attributes: { newShape: listOf(size) },
    infer: ([given], { newShape }) => {
      const { dataType, shape } = given as TensorType;
      checkNotNegative(newShape, 'sizes');
      const result = broadcast(shape, newShape);
      const isReached =
        result.length === newShape.length && result.every((each, axis) => isOpen(each) || isSameSize(each, newShape[axis] ?? 1));
      if (!isReached) throw refused(`cannot repeat ${shapeText(shape)} to ${shapeText(newShape)}`);
      return [{ dataType, shape: newShape }];
    },
  }),
  /**
   * Along each axis, a window of `sizes` elements from `starts` on, of which every `strides`-th is taken. With a negative stride,
   * which WebNN lacks, the window begins at `starts` and runs towards the front.
   */
  slice: defineOp({
    name: 'slice',
    inputs: ['input'],
    attributes: { starts: listOf(size), sizes: listOf(size), strides: listOf(whole) },
    infer: ([given], { starts, sizes, strides }) => {
      const { dataType, shape } = given as TensorType;
      for (const each of [starts, sizes, strides]) checkLength(each, given as TensorType, 'entries');
      checkNotNegative(starts, 'starts');
      checkNotNegative(sizes, 'sizes');
      if (strides.includes(0)) throw refused('has a stride of 0');
      for (const [axis, start] of starts.entries()) {
        const [length, window] = [shape[axis] as number, sizes[axis] as number];
        const end = (strides[axis] as number) > 0 ? add(start, window) : add(start, 1);
        const first = (strides[axis] as number) > 0 ? start : add(subtract(start, window), 1);
        const isOutside = [subtract(length, end), first].some((rest) => !isOpen(rest) && rest < 0);
        if (isOutside && window !== 0)
          throw refused(`takes a window of ${sizesText([window])} at ${sizesText([start])} from ${shapeText(shape)}`);
      }
      return [{ dataType, shape: sizes.map((each, axis) => ceilDivide(each, Math.abs(strides[axis] as number))) }];
    },
  }),
  /** The inputs one behind the other along an axis. */
  concat: defineOp({
    name: 'concat',
    inputs: ['inputs...'],
    attributes: { axis: whole },
    infer: (given, { axis }) => {
      const inputs = given as readonly TensorType[];
      const [first] = inputs as readonly [TensorType];
      checkAxes([axis], first);
      checkSameDataType(...inputs);
      for (const each of inputs) {
        checkRank(each, first.shape.length);
        for (const [index, length] of each.shape.entries())
          if (index !== axis) checkSame(length, first.shape[index] as number, `sizes along axis ${index}`);
      }
      const shape = first.shape.map((length, index) => {
        const lengths = inputs.map((each) => each.shape[index] as number);
        return index === axis ? sum(lengths) : lengths.reduce(known, length);
      });
      return [{ dataType: first.dataType, shape }];
    },
  }),
  /** Cuts the input along an axis into parts of the given sizes. */
  split: defineOp({
    name: 'split',
    inputs: ['input'],
    attributes: { axis: whole, splits: listOf(size) },
    infer: ([given], { axis, splits }) => {
      const { dataType, shape } = given as TensorType;
      checkAxes([axis], given as TensorType);
      checkNotNegative(splits, 'parts');
      checkSame(shape[axis] as number, sum(splits), 'sizes of the parts and of the axis');
      return splits.map((each) => ({ dataType, shape: shape.with(axis, each) }));
    },
  }),
  /**
   * Adds elements before and behind each axis: one value, the edge, or the mirror image without the edge (reflection) or with it
   * (symmetric, which WebNN lacks).
   */
  pad: defineOp({
    name: 'pad',
    inputs: ['input'],
    attributes: {
      beginning: listOf(size),
      ending: listOf(size),
      mode: choice('constant', 'edge', 'reflection', 'symmetric'),
      value: real,
    },
    infer: ([given], { beginning, ending, mode, value }) => {
      const { dataType, shape } = given as TensorType;
      for (const each of [beginning, ending]) {
        checkLength(each, given as TensorType, 'paddings');
        checkNotNegative(each, 'paddings');
        for (const [axis, length] of each.entries()) {
          // A mirror image is at most as long as the axis, and an edge needs an element.
          const room = subtract(shape[axis] as number, mode === 'edge' ? 1 : mode === 'reflection' ? add(length, 1) : length);
          if (mode !== 'constant' && length !== 0 && !isOpen(room) && room < 0)
            throw refused(`pads axis ${axis} of ${shapeText(shape)} with ${sizesText([length])} elements by the mode ${mode}`);
        }
      }
      if (mode === 'constant') checkHolds(dataType, value);
      return [{ dataType, shape: shape.map((length, axis) => sum([beginning[axis] as number, length, ending[axis] as number])) }];
    },
  }),
  /** The whole input, repeated along each axis. */
  tile: defineOp({
    name: 'tile',
    inputs: ['input'],
    attributes: { repetitions: listOf(size) },
    infer: ([given], { repetitions }) => {
      const { dataType, shape } = given as TensorType;
      checkLength(repetitions, given as TensorType, 'repetitions');
      checkNotNegative(repetitions, 'repetitions');
      return [{ dataType, shape: shape.map((length, axis) => multiply(length, repetitions[axis] as number)) }];
    },
  }),
  /** The elements along some axes in reverse order. */
  reverse: defineOp({
    name: 'reverse',
    inputs: ['input'],
    attributes: { axes: listOf(whole) },
    infer: ([given], { axes }) => {
      checkAxes(axes, given as TensorType);
      return [given as TensorType];
    },
  }),
  /** Moves blocks of a picture into its channels; a block's rows come first, then its columns, then its channels. Not in WebNN. */
  spaceToDepth: defineOp({
    name: 'spaceToDepth',
    inputs: ['input'],
    attributes: { blockSize: whole },
    infer: ([given], { blockSize }) => {
      checkRank(given as TensorType, 4);
      if (blockSize < 1) throw refused(`has blocks of ${blockSize}`);
      const { dataType, shape } = given as TensorType;
      const [batch, height, width, channels] = shape as unknown as [number, number, number, number];
      const parts = [height, width].map((length) => quotient(length, blockSize));
      return [{ dataType, shape: [batch, ...parts, multiply(channels, blockSize ** 2)] }];
    },
  }),
  /**
   * Moves channels of a picture into blocks of it. The channels hold a block's rows, then its columns, then the new channels
   * (`blocksFirst`, as TensorFlow and ONNX's DCR have it), or the new channels first (`channelsFirst`, ONNX's CRD). Not in WebNN.
   */
  depthToSpace: defineOp({
    name: 'depthToSpace',
    inputs: ['input'],
    attributes: { blockSize: whole, order: choice('blocksFirst', 'channelsFirst') },
    infer: ([given], { blockSize }) => {
      checkRank(given as TensorType, 4);
      if (blockSize < 1) throw refused(`has blocks of ${blockSize}`);
      const { dataType, shape } = given as TensorType;
      const [batch, height, width, channels] = shape as unknown as [number, number, number, number];
      const made = quotient(channels, blockSize ** 2);
      return [{ dataType, shape: [batch, multiply(height, blockSize), multiply(width, blockSize), made] }];
    },
  }),
  /**
   * Pads the axes behind the batch with zeros, and moves blocks of them into the batch. `paddings` has the beginning and the end of
   * each of these axes. As TensorFlow's SpaceToBatchND; not in WebNN.
   */
  spaceToBatch: defineOp({
    name: 'spaceToBatch',
    inputs: ['input'],
    attributes: { blockSizes: listOf(whole), paddings: listOf(size) },
    infer: ([given], { blockSizes, paddings }) => {
      const { dataType, shape } = given as TensorType;
      checkBlocks(given as TensorType, blockSizes, paddings, 'paddings');
      const sizes = blockSizes.map((block, index) =>
        quotient(sum([paddings[2 * index] as number, shape[index + 1] as number, paddings[2 * index + 1] as number]), block),
      );
      const batch = multiply(shape[0] as number, product(blockSizes));
      return [{ dataType, shape: [batch, ...sizes, ...shape.slice(1 + blockSizes.length)] }];
    },
  }),
  /** Undoes {@link spaceToBatch}; `crops` has what is cut at the beginning and the end. Not in WebNN. */
  batchToSpace: defineOp({
    name: 'batchToSpace',
    inputs: ['input'],
    attributes: { blockSizes: listOf(whole), crops: listOf(size) },
    infer: ([given], { blockSizes, crops }) => {
      const { dataType, shape } = given as TensorType;
      checkBlocks(given as TensorType, blockSizes, crops, 'crops');
      const sizes = blockSizes.map((block, index) =>
        subtract(subtract(multiply(shape[index + 1] as number, block), crops[2 * index] as number), crops[2 * index + 1] as number),
      );
      checkNotNegative(sizes, 'sizes');
      const batch = quotient(shape[0] as number, product(blockSizes) as number);
      return [{ dataType, shape: [batch, ...sizes, ...shape.slice(1 + blockSizes.length)] }];
    },
  }),
  /** The upper or lower triangle of the last two axes, shifted by `diagonal`; all else becomes 0. */
  triangular: defineOp({
    name: 'triangular',
    inputs: ['input'],
    attributes: { upper: flag, diagonal: whole },
    infer: ([given]) => {
      const { shape } = given as TensorType;
      if (shape.length < 2) throw refused(`takes at least 2 dimensions, but got ${shapeText(shape)}`);
      return [given as TensorType];
    },
  }),
  /** `count` whole numbers from `start` on, each greater than the last by `step`. Not in WebNN. */
  range: defineOp({
    name: 'range',
    inputs: [],
    attributes: { start: size, count: size, step: size, dataType: choice('int32', 'int64', 'float32') },
    infer: (_, { count, dataType }) => {
      checkNotNegative([count], 'a count');
      return [{ dataType, shape: [count] }];
    },
  }),
  /** Sizes as numbers, for graphs that compute with them. Not in WebNN. */
  sizes: defineOp({
    name: 'sizes',
    inputs: [],
    attributes: { values: listOf(size), dataType },
    infer: (_, { values, dataType }) => [{ dataType, shape: [values.length] }],
  }),
} as const;

function checkBlocks(input: TensorType, blockSizes: readonly number[], sides: Shape, what: string): void {
  checkNotNegative(sides, what);
  if (blockSizes.length >= input.shape.length || sides.length !== 2 * blockSizes.length || blockSizes.some((block) => block < 1))
    throw refused(`has the blocks [${blockSizes.join(', ')}] and ${sides.length} sides for the shape ${shapeText(input.shape)}`);
}

/** A size that must be divisible; open ones are rounded down, and checked when the graph runs. */
function quotient(length: Shape[number], by: number): Shape[number] {
  const exact = exactQuotient(length, by);
  if (exact !== undefined) return exact;
  if (!isOpen(length)) throw refused(`cannot divide ${length} into blocks of ${by}`);
  return floorDivide(length, by);
}
