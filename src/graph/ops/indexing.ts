/** Ops that take and put elements by their indices, and ops whose output's size depends on values. */
import { choice, flag, listOf, real, size, text, whole } from '../attribute.js';
import { checkAxes, checkClass, checkRank, checkSame, checkSameDataType, defineOp, refused } from '../op.js';
import { isOpen, openSize } from '../size.js';
import { shapeText, type TensorType } from '../tensor.js';

const reductionKind = choice('none', 'add', 'mul', 'max', 'min');

const depthOf = ({ shape }: TensorType): number => {
  const depth = shape.at(-1);
  if (depth === undefined || isOpen(depth)) throw refused(`takes indices whose last size is known, but got ${shapeText(shape)}`);
  return depth;
};

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
  /** The elements that indices of the output's shape name along an axis. */
  gatherElements: defineOp({
    name: 'gatherElements',
    inputs: ['input', 'indices'],
    attributes: { axis: whole },
    infer: (inputs, { axis }) => {
      const [input, indices] = inputs as [TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkAxes([axis], input);
      checkRank(indices, input.shape.length, 'indices');
      return [{ dataType: input.dataType, shape: indices.shape }];
    },
  }),
  /** The slices that rows of indices name: each row is a place along the first axes. */
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
  /** The input with slices put in the places that rows of indices name. A reduction combines what meets in one place. */
  scatterND: defineOp({
    name: 'scatterND',
    inputs: ['input', 'indices', 'updates'],
    attributes: { reduction: reductionKind },
    infer: (inputs) => {
      const [input, indices, updates] = inputs as [TensorType, TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkSameDataType(input, updates);
      const depth = depthOf(indices);
      if (depth > input.shape.length) throw refused(`takes rows of ${depth} indices for ${shapeText(input.shape)}`);
      const wanted = [...indices.shape.slice(0, -1), ...input.shape.slice(depth)];
      checkRank(updates, wanted.length, 'updates');
      for (const [axis, length] of wanted.entries())
        checkSame(length, updates.shape[axis] as number, `sizes of updates along axis ${axis}`);
      return [input];
    },
  }),
  /** The input with elements put in the places that indices of the updates' shape name along an axis. */
  scatterElements: defineOp({
    name: 'scatterElements',
    inputs: ['input', 'indices', 'updates'],
    attributes: { axis: whole, reduction: reductionKind },
    infer: (inputs, { axis }) => {
      const [input, indices, updates] = inputs as [TensorType, TensorType, TensorType];
      checkClass(indices, 'integer', 'indices');
      checkAxes([axis], input);
      checkSameDataType(input, updates);
      checkRank(indices, input.shape.length, 'indices');
      checkRank(updates, input.shape.length, 'updates');
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
  /** The k greatest or least elements along an axis in order, and their places. Of equal ones the first comes first. Not in WebNN. */
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
   * Chooses boxes by score, and leaves out boxes that overlap a chosen one by more than `iouThreshold`: their indices and scores.
   * With `softSigma` above 0, an overlap lowers the score instead (Bodla et al., Soft-NMS, 2017), as TensorFlow's
   * NonMaxSuppressionV5 does. Boxes are [y1, x1, y2, x2]. Not in WebNN.
   */
  nonMaxSuppression: defineOp({
    name: 'nonMaxSuppression',
    inputs: ['boxes', 'scores'],
    attributes: { maxOutputSize: size, iouThreshold: real, scoreThreshold: real, softSigma: real, countName: text },
    infer: (inputs, { countName }) => {
      const [boxes, scores] = inputs as [TensorType, TensorType];
      checkClass(boxes, 'float', 'boxes');
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
  /** The parts of pictures in boxes, each enlarged to `cropSize`, as TensorFlow's CropAndResize. Boxes are shares of the picture. Not in WebNN. */
  cropAndResize: defineOp({
    name: 'cropAndResize',
    inputs: ['input', 'boxes', 'boxIndices'],
    attributes: { cropSize: listOf(size, 2), mode: choice('nearest', 'linear'), extrapolationValue: real },
    infer: (inputs, { cropSize }) => {
      const [input, boxes, boxIndices] = inputs as [TensorType, TensorType, TensorType];
      checkRank(input, 4);
      checkRank(boxes, 2, 'boxes');
      checkRank(boxIndices, 1, 'boxIndices');
      checkClass(boxIndices, 'integer', 'boxIndices');
      checkSame(boxes.shape[1] as number, 4, 'numbers of a box');
      return [{ dataType: 'float32', shape: [boxes.shape[0] as number, ...cropSize, input.shape[3] as number] }];
    },
  }),
} as const;
