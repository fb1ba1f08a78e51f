/** Normalisations that the passes could not fold into weights. */
import { sizeOf } from '../../../base/dtype.js';
import { tensorOf } from '../../../graph/constant.js';
import type { Constant, NodeOf, Value } from '../../../graph/graph.js';
import type { V128 } from '../asm/code.js';
import { i32 } from '../asm/scalar.js';
import { f32x4 } from '../asm/vector.js';
import { copy, fill } from '../kernels/copy.js';
import { elementwise } from '../kernels/elementwise.js';
import { layerNormalization } from '../kernels/layer-normalization.js';
import { localResponse } from '../kernels/local-response.js';
import { rowMajor } from '../kernels/loops.js';
import { reduce } from '../kernels/reduce.js';
import { floatMean, SQUARE_SUM } from '../kernels/reductions.js';
import { plainStep } from './plain-step.js';
import { MINUS, reducedAxes, withResults } from './reduced-axes.js';
import type { Lowering, Step } from './step.js';
import { ELEMENT_BYTES, elementCount, roomFor, shapeOf } from './values.js';

/** Normalises along axes: along the last ones row by row. */
export function lowerLayerNormalization(node: NodeOf<'layerNormalization'>, lowering: Lowering): Step {
  const [input, scale, bias] = node.inputs as readonly [Value, (Value | null)?, (Value | null)?];
  const shape = shapeOf(input);
  const { axes, epsilon } = node.attributes;
  const first = shape.length - axes.length;
  if (axes.some((axis, index) => axis !== first + index)) {
    if (axes.some((axis, index) => axis < (axes[index - 1] ?? 0))) throw new RangeError('normalises axes in another order');
    return byMoments(node, axes, axes, lowering);
  }
  const length = sizeOf(shape.slice(first));
  const run = layerNormalization(lowering.kernels, {
    ...{ rows: elementCount(input) / length, length, epsilon },
    ...{ hasScale: scale != null, hasBias: bias != null },
  });
  return plainStep(node, {
    mayReplace: [input],
    write: ({ body }, [from, scales, biases], [to]) => body.call(run, from, scales ?? from, biases ?? from, to),
  });
}

/** Normalises each channel of each picture. */
export const lowerInstanceNormalization = (node: NodeOf<'instanceNormalization'>, lowering: Lowering): Step =>
  byMoments(node, [1, 2], [3], lowering);

/**
 * Takes the mean along axes from each element, then divides by the root of the mean square.
 * @param numbered the axes that have numbers of their own in scale and bias, in order
 */
function byMoments(
  node: NodeOf<'layerNormalization'> | NodeOf<'instanceNormalization'>,
  axes: readonly number[],
  numbered: readonly number[],
  { kernels, constants }: Lowering,
): Step {
  const [input, scale, bias] = node.inputs as readonly [Value, (Value | null)?, (Value | null)?];
  const numbers = [scale, bias].filter((each) => each != null);
  const shape = shapeOf(input);
  const { epsilon } = node.attributes;
  const reduced = reducedAxes(shape, axes);
  const { kept, gone, count } = reduced;
  const means = reduce(kernels, kept, gone, floatMean(count));
  const minus = withResults(kernels, reduced, MINUS);
  const factors = reduce(kernels, kept, gone, {
    ...{ ...SQUARE_SUM, name: `one over deviation ${count} ${epsilon}` },
    after: (_, sum) => {
      const variance = f32x4.add(f32x4.mul(sum, f32x4.const(1 / count)), f32x4.const(epsilon));
      return f32x4.div(f32x4.const(1), f32x4.sqrt(variance));
    },
  });
  const own = rowMajor(numbered.map((axis) => shape[axis] as number));
  const along = shape.map((_, axis) => own[numbered.indexOf(axis)] ?? 0);
  const scaled = withResults(
    kernels,
    reduced,
    {
      name: `scaled ${scale != null} ${bias != null}`,
      write: (_, [x, factor, ...given]) => {
        const values = [...given];
        const product = f32x4.mul(x as V128, factor as V128);
        const grown = scale == null ? product : f32x4.mul(product, values.shift() as V128);
        return bias == null ? grown : f32x4.add(grown, values.shift() as V128);
      },
    },
    ...numbers.map(() => along),
  );
  return plainStep(node, {
    // Numbers that are the input itself under another shape are read to the end.
    mayReplace: numbers.every(({ name }) => constants.has(name)) ? [input] : [],
    scratchBytes: roomFor(reduced.results * ELEMENT_BYTES),
    write: ({ body, of, scratch }, [from], [to]) => {
      body.call(means, from, scratch);
      body.call(minus, from, scratch, to);
      body.call(factors, to, scratch);
      body.call(scaled, to, scratch, ...numbers.map(of), to);
    },
  });
}

/** Normalises by a mean and a variance for each place along the axis. */
export function lowerBatchNormalization(node: NodeOf<'batchNormalization'>, lowering: Lowering): Step {
  const isConstant = (each: Value | null): boolean => each === null || lowering.constants.has(each.name);
  return node.inputs.slice(1).every(isConstant) ? byConstants(node, lowering) : byNumbers(node, lowering);
}

/** Computes a factor and an offset for each place before the model runs. */
function byConstants(node: NodeOf<'batchNormalization'>, { kernels, constants, weights }: Lowering): Step {
  const [input, ...parameters] = node.inputs as readonly [Value, ...(Value | null)[]];
  const { axis, epsilon } = node.attributes;
  const [means, variances, scales, biases] = parameters.map((each) => each && tensorOf(constants.get(each.name) as Constant).data);
  const shape = shapeOf(input);
  const factors = Float32Array.from({ length: shape[axis] as number }, (_, place) => {
    return (scales?.[place] ?? 1) / Math.sqrt((variances?.[place] as number) + epsilon);
  });
  const offsets = factors.map((factor, place) => (biases?.[place] ?? 0) - (means?.[place] as number) * factor);
  const tables = [factors, offsets].map((each) => i32.const(weights.table(each)));
  const along = shape.map((_, each) => (each === axis ? 1 : 0));
  const own = rowMajor(shape);
  const run = elementwise(
    kernels,
    { sizes: shape, strides: [own, along, along, own] },
    {
      name: 'factor and offset',
      write: (_, [x, factor, offset]) => kernels.multiplyAdd(x as V128, factor as V128, offset as V128),
    },
  );
  return plainStep(node, {
    mayReplace: [input],
    write: ({ body }, [from], [to]) => body.call(run, from, ...tables, to),
  });
}

/** Computes all with numbers that the model computes. */
function byNumbers(node: NodeOf<'batchNormalization'>, { kernels }: Lowering): Step {
  const inputs = node.inputs.filter((each): each is Value => each !== null);
  const [, , , scale = null, bias = null] = node.inputs;
  const shape = shapeOf(inputs[0] as Value);
  const { axis, epsilon } = node.attributes;
  const own = rowMajor(shape);
  const along = shape.map((_, each) => (each === axis ? 1 : 0));
  const run = elementwise(
    kernels,
    { sizes: shape, strides: [own, ...inputs.slice(1).map(() => along), own] },
    {
      name: `normalization ${epsilon} ${scale !== null} ${bias !== null}`,
      write: (_, [x, mean, variance, ...numbers]) => {
        const values = [...numbers];
        const deviation = f32x4.sqrt(f32x4.add(variance as V128, f32x4.const(epsilon)));
        const factor = f32x4.div(scale === null ? f32x4.const(1) : (values.shift() as V128), deviation);
        const product = f32x4.mul(f32x4.sub(x as V128, mean as V128), factor);
        return bias === null ? product : f32x4.add(product, values.shift() as V128);
      },
    },
  );
  return plainStep(node, { write: ({ body, of }, _, [to]) => body.call(run, ...inputs.map(of), to) });
}

/** Puts zeros around the channels of each pixel first. */
export function lowerLocalResponse(node: NodeOf<'localResponseNormalization'>, { kernels }: Lowering): Step {
  const [input] = node.inputs as readonly [Value];
  const { radius, bias, alpha, beta } = node.attributes;
  if (bias < 0 || alpha < 0 || beta <= 0) throw new RangeError('takes powers of numbers below 0, or other ones than roots');
  const channels = shapeOf(input).at(-1) as number;
  const pixels = elementCount(input) / channels;
  const row = channels + 2 * radius;
  const zeros = fill(kernels, { sizes: [pixels * row], strides: [[1]] }, 0);
  const inner = copy(kernels, {
    sizes: [pixels, channels],
    strides: [
      [channels, 1],
      [row, 1],
    ],
  });
  const run = localResponse(kernels, { pixels, channels, radius, bias, alpha, beta });
  return plainStep(node, {
    mayReplace: [input],
    scratchBytes: roomFor(pixels * row * ELEMENT_BYTES + 8 * radius),
    write: ({ body, scratch }, [from], [to]) => {
      body.call(zeros, scratch);
      body.call(inner, from, i32.offset(scratch, ELEMENT_BYTES * radius));
      body.call(run, scratch, to);
    },
  });
}
