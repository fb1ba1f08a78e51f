/** Ops that take and put elements by their indices, and ops whose output's size depends on values. */
import { choice, flag, listOf, real, size, text, whole } from '../attribute.js';
import { checkAxes, checkClass, checkRank, checkSame, checkSameDataType, defineOp, refused, sizesText } from '../op.js';
import { isOpen, openSize } from '../size.js';
import { shapeText, type TensorType } from '../tensor.js';

const reductionKind = choice('none', 'add', 'mul', 'max', 'min');

const depthOf = ({ shape }: TensorType): number => {
  const depth = shape.at(-1);
  if (depth === undefined || isOpen(depth)) throw refused(`takes indices whose last size is known, but got ${shapeText(shape)}`);
  return depth;
};

function checkReduction(reduction: string, input: TensorType): void {
  if (reduction !== 'none') checkClass(input, 'number');
}

/** Refuses indices that are more than the input has elements along another axis than theirs. */
function checkWithin(indices: TensorType, input: TensorType, axis: number): void {
  for (const [place, length] of indices.shape.entries()) {
    const room = input.shape[place] as number;
    if (place !== axis && !isOpen(length) && !isOpen(room) && length > room)
      throw refused(`takes indices ${shapeText(indices.shape)} for ${shapeText(input.shape)} along axis ${axis}`);
  }
}

export const INDEXING_OPS = {
  /**
   * The slices of the input along an axis that the indices name. The first `batchDimensions` axes of both run along. An index below
   * 0 or beyond the axis is an error: WebNN clamps it.
   */
  gather: defineOp({
    name: 'gather',
    inputs: ['input', 'indices'],
    attributes: { axis: whole, batchDimensions: whole },
    infer: (inputs, { axis, batchDimensions }) => {
      const [input, indices] = inputs as [TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkAxes([axis], input);
      if (batchDimensions < 0 || batchDimensions > Math.min(axis, indices.shape.length))
        throw refused(`has ${batchDimensions} batch dimensions for the axis ${axis} and indices ${shapeText(indices.shape)}`);
      for (let batch = 0; batch < batchDimensions; batch++)
        checkSame(input.shape[batch] as number, indices.shape[batch] as number, `sizes along axis ${batch}`);
      const shape = [...input.shape.slice(0, axis), ...indices.shape.slice(batchDimensions), ...input.shape.slice(axis + 1)];
      return [{ dataType: input.dataType, shape }];
    },
  }),
  /**
   * The elements that indices of the output's shape name along an axis. An index below 0 or beyond the axis is an error: WebNN clamps
   * it. Along the other axes the indices may be fewer than the elements.
   */
  gatherElements: defineOp({
    name: 'gatherElements',
    inputs: ['input', 'indices'],
    attributes: { axis: whole },
    infer: (inputs, { axis }) => {
      const [input, indices] = inputs as [TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkAxes([axis], input);
      checkRank(indices, input.shape.length, 'indices');
      checkWithin(indices, input, axis);
      return [{ dataType: input.dataType, shape: indices.shape }];
    },
  }),
  /**
   * The slices that rows of indices name: each row is a place along the first axes behind the batch dimensions. An index below 0 or
   * beyond its axis is an error: WebNN clamps it.
   */
  gatherND: defineOp({
    name: 'gatherND',
    inputs: ['input', 'indices'],
    attributes: { batchDimensions: whole },
    infer: (inputs, { batchDimensions }) => {
      const [input, indices] = inputs as [TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      const depth = depthOf(indices);
      if (batchDimensions < 0 || batchDimensions >= indices.shape.length || batchDimensions + depth > input.shape.length)
        throw refused(`takes rows of ${depth} indices and ${batchDimensions} batch dimensions from ${shapeText(input.shape)}`);
      return [{ dataType: input.dataType, shape: [...indices.shape.slice(0, -1), ...input.shape.slice(batchDimensions + depth)] }];
    },
  }),
  /**
   * The input with slices put in the places that rows of indices name. A reduction combines what meets in one place; without one the
   * last slice stays. An index below 0 or beyond its axis is an error: WebNN clamps it.
   */
  scatterND: defineOp({
    name: 'scatterND',
    inputs: ['input', 'indices', 'updates'],
    attributes: { reduction: reductionKind },
    infer: (inputs, { reduction }) => {
      const [input, indices, updates] = inputs as [TensorType, TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkSameDataType(input, updates);
      checkReduction(reduction, input);
      const depth = depthOf(indices);
      if (depth > input.shape.length) throw refused(`takes rows of ${depth} indices for ${shapeText(input.shape)}`);
      const wanted = [...indices.shape.slice(0, -1), ...input.shape.slice(depth)];
      checkRank(updates, wanted.length, 'updates');
      for (const [axis, length] of wanted.entries())
        checkSame(length, updates.shape[axis] as number, `sizes of updates along axis ${axis}`);
      return [input];
    },
  }),
  /** The input with elements put in the places that indices of the updates' shape name along an axis, as {@link scatterND} puts slices. */
  scatterElements: defineOp({
    name: 'scatterElements',
    inputs: ['input', 'indices', 'updates'],
    attributes: { axis: whole, reduction: reductionKind },
    infer: (inputs, { axis, reduction }) => {
      const [input, indices, updates] = inputs as [TensorType, TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkAxes([axis], input);
      checkSameDataType(input, updates);
      checkReduction(reduction, input);
      checkRank(indices, input.shape.length, 'indices');
      checkRank(updates, input.shape.length, 'updates');
      checkWithin(indices, input, axis);
      for (const [place, length] of indices.shape.entries())
        checkSame(length, updates.shape[place] as number, `sizes of indices and updates along axis ${place}`);
      return [input];
    },
  }),
  /** A new axis of `depth` elements: `on` at the index, `off` elsewhere, and everywhere if the index is below 0 or beyond. Not in WebNN. */
  oneHot: defineOp({
    name: 'oneHot',
    inputs: ['indices', 'on', 'off'],
    attributes: { axis: whole, depth: size },
    infer: (inputs, { axis, depth }) => {
      const [indices, on, off] = inputs as [TensorType, TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkRank(on, 0, 'on');
      checkRank(off, 0, 'off');
      checkSameDataType(on, off);
      if (axis < 0 || axis > indices.shape.length) throw refused(`has the axis ${axis} for ${shapeText(indices.shape)}`);
      return [{ dataType: on.dataType, shape: indices.shape.toSpliced(axis, 0, depth) }];
    },
  }),
  /**
   * The k greatest or least elements along an axis in order, and their places. Of equal ones the first comes first, and NaN counts as
   * greater than every number, as in NumPy. Not in WebNN.
   */
  topK: defineOp({
    name: 'topK',
    inputs: ['input'],
    attributes: { axis: whole, k: size, largest: flag },
    infer: ([given], { axis, k }) => {
      const input = given as TensorType;
      checkClass(input, 'number');
      checkAxes([axis], input);
      const length = input.shape[axis] as number;
      if (!isOpen(k) && (k < 0 || (!isOpen(length) && k > length)))
        throw refused(`takes ${k} elements of ${shapeText(input.shape)} along axis ${axis}`);
      const shape = input.shape.with(axis, k);
      return [
        { dataType: input.dataType, shape },
        { dataType: 'int32', shape },
      ];
    },
  }),
  /** The places of elements that are not zero, in order: [count, rank]. Not in WebNN. */
  nonzero: defineOp({
    name: 'nonzero',
    inputs: ['input'],
    attributes: { countName: text },
    infer: ([given], { countName }) => [{ dataType: 'int32', shape: [openSize(countName), (given as TensorType).shape.length] }],
  }),
  /**
   * Chooses boxes by score, of equal ones the first, and leaves out boxes that overlap a chosen one by more than `iouThreshold`, and
   * those whose score is not above `scoreThreshold`: the indices and scores of the chosen ones. With `softSigma` above 0, an overlap
   * lowers the score instead (Bodla et al., Soft-NMS, 2017), as TensorFlow's NonMaxSuppressionV5 does. Boxes are [y1, x1, y2, x2],
   * two opposite corners in any order. Not in WebNN.
   */
  nonMaxSuppression: defineOp({
    name: 'nonMaxSuppression',
    inputs: ['boxes', 'scores'],
    attributes: { maxOutputSize: size, iouThreshold: real, scoreThreshold: real, softSigma: real, countName: text },
    infer: (inputs, { countName }) => {
      const [boxes, scores] = inputs as [TensorType, TensorType];
      checkClass(boxes, 'float', 'boxes');
      checkClass(scores, 'float', 'scores');
      checkRank(boxes, 2, 'boxes');
      checkRank(scores, 1, 'scores');
      checkSame(boxes.shape[1] as number, 4, 'numbers of a box');
      checkSame(boxes.shape[0] as number, scores.shape[0] as number, 'numbers of boxes and scores');
      const count = openSize(countName);
      return [
        { dataType: 'int32', shape: [count] },
        { dataType: scores.dataType, shape: [count] },
      ];
    },
  }),
  /**
   * The parts of pictures in boxes, each resampled to `cropSize`, as TensorFlow's CropAndResize. Boxes [y1, x1, y2, x2] are shares of
   * the picture, from the middle of its first element (0) to the middle of its last (1), and may be mirrored. What lies outside the
   * picture is `extrapolationValue`. A box that is not finite is an error, and so is an index beyond the batch. Not in WebNN.
   */
  cropAndResize: defineOp({
    name: 'cropAndResize',
    inputs: ['input', 'boxes', 'boxIndices'],
    attributes: { cropSize: listOf(size, 2), mode: choice('nearest', 'linear'), extrapolationValue: real },
    infer: (inputs, { cropSize }) => {
      const [input, boxes, boxIndices] = inputs as [TensorType, TensorType, TensorType];
      checkClass(input, 'number');
      checkClass(boxes, 'float', 'boxes');
      checkClass(boxIndices, 'integer', 'boxIndices');
      checkRank(input, 4);
      checkRank(boxes, 2, 'boxes');
      checkRank(boxIndices, 1, 'boxIndices');
      checkSame(boxes.shape[1] as number, 4, 'numbers of a box');
      checkSame(boxes.shape[0] as number, boxIndices.shape[0] as number, 'numbers of boxes and boxIndices');
      if (cropSize.some((each) => !isOpen(each) && each < 0)) throw refused(`has the crop size [${sizesText(cropSize)}]`);
      return [{ dataType: 'float32', shape: [boxes.shape[0] as number, ...cropSize, input.shape[3] as number] }];
    },
  }),
} as const;
