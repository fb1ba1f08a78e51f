/** Reads windows of samples, and Fourier transforms as products with matrices of cosines and sines. */
import type { TypedValue } from '../../../graph/graph.js';
import { isOpen, type Size, subtract } from '../../../graph/size.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { Call, Importer, Importers } from './call.js';
import { closed } from './window.js';

/** The most samples of a transform: its matrices have that many rows and columns. */
const MAX_SAMPLES = 4_096;

/** The sum of cosines whose frequencies are 0, 1, 2 … times that of the window. */
const windowOfCosines =
  (...factors: readonly number[]): Importer =>
  (call) => {
    const size = call.whole(0, 'a size');
    if (size < 0 || size > MAX_SAMPLES) throw cannotExpress(`has ${size} samples; the limit is ${MAX_SAMPLES}`);
    const period = call.attributes.flag('periodic', true) ? size : size - 1;
    const at = (place: number) =>
      factors.reduce((sum, factor, times) => sum + factor * Math.cos((2 * Math.PI * times * place) / Math.max(period, 1)), 0);
    return call.numbers(
      call.dataType('output_datatype', 1),
      Array.from({ length: size }, (_, place) => at(place)),
    );
  };

const ALPHA = 25 / 46;

/** The matrix [from, to] of a function of the angle between each sample and each frequency. */
function matrix(call: Call, from: number, to: number, period: number, of: (angle: number, row: number) => number): TypedValue {
  // The product is reduced first, so that large angles stay exact.
  const values = Array.from({ length: from * to }, (_, index) => {
    const [row, column] = [Math.floor(index / to), index % to];
    return of((2 * Math.PI * ((row * column) % period)) / period, row);
  });
  return call.numbers(call.type().dataType, values, [from, to]);
}

/** Numbers by their real and imaginary parts, [..., samples] each; the second is undefined for real numbers. */
type Parts = readonly [real: TypedValue, imaginary: TypedValue | undefined];

/** The transform of the last axis. @param count of frequencies */
function transformed(call: Call, [real, imaginary]: Parts, samples: number, count: number, isInverse: boolean): Parts {
  const scale = isInverse ? 1 / samples : 1;
  const sign = isInverse ? -scale : scale;
  const cosines = matrix(call, samples, count, samples, (angle) => scale * Math.cos(angle));
  const sines = matrix(call, samples, count, samples, (angle) => sign * Math.sin(angle));
  const times = (value: TypedValue, by: TypedValue) => call.apply('matmul', value, by);
  const [a, b] = [times(real, cosines), times(real, sines)];
  if (imaginary === undefined) return [a, call.apply('neg', b)];
  return [call.apply('add', a, times(imaginary, sines)), call.apply('sub', times(imaginary, cosines), b)];
}

/** Real samples of the frequencies from 0 to half of the sampling rate; the others mirror them. */
function realSamples(call: Call, [real, imaginary]: Parts, frequencies: number, samples: number): TypedValue {
  const share = (row: number) => (row === 0 || 2 * row === samples ? 1 : 2) / samples;
  const cosines = matrix(call, frequencies, samples, samples, (angle, row) => share(row) * Math.cos(angle));
  const fromReal = call.apply('matmul', real, cosines);
  if (imaginary === undefined) return fromReal;
  const sines = matrix(call, frequencies, samples, samples, (angle, row) => share(row) * Math.sin(angle));
  return call.apply('sub', fromReal, call.apply('matmul', imaginary, sines));
}

/** The last axis cut or padded with zeros to a length. */
function ofLength(call: Call, value: TypedValue, length: number): TypedValue {
  const { shape } = value.type;
  const missing = subtract(length, shape.at(-1) as Size);
  if (isOpen(missing)) throw cannotExpress('transforms an axis whose size is not known');
  const none = shape.map(() => 0);
  if (missing > 0) return call.step('pad', [value], { beginning: none, ending: none.with(-1, missing), mode: 'constant', value: 0 });
  if (missing === 0) return value;
  return call.step('slice', [value], { starts: none, sizes: shape.with(-1, length), strides: shape.map(() => 1) });
}

/** The last axis of an input has one number for a real value, or two for a complex one. */
function partsOf(call: Call, value: TypedValue): Parts {
  const { shape } = value.type;
  const count = closed(shape.at(-1), 'values');
  if (count !== 1 && count !== 2) throw call.broken(`takes values of ${count} numbers`);
  const parts = count === 1 ? [value] : call.steps('split', [value], { axis: shape.length - 1, splits: [1, 1] });
  const [real, imaginary] = parts.map((part) => call.reshaped(part, shape.slice(0, -1)));
  return [real as TypedValue, imaginary];
}

/** Parts side by side along a new last axis. */
const joined = (call: Call, parts: readonly TypedValue[]): TypedValue =>
  call.step(
    'concat',
    parts.map((part) => call.reshaped(part, [...part.type.shape, 1])),
    { axis: parts[0]?.type.shape.length as number },
  );

/** The transform of one axis, which newer opsets name by an input. */
function fourier(call: Call): TypedValue {
  const { attributes } = call;
  const input = call.value();
  const { length } = input.type.shape;
  const axis = call.axisOf(call.opset < 20 ? attributes.whole('axis', 1) : call.has(2) ? call.whole(2, 'an axis') : -2, length);
  if (axis === length - 1) throw call.broken('transforms the axis of real and imaginary parts');
  const last = length - 2;
  const order = Array.from({ length: last + 1 }, (_, each) => (each === last ? axis : each === axis ? last : each));
  const parts = partsOf(call, input).map((part) => part && call.transposed(part, order)) as unknown as Parts;
  const given = closed(parts[0].type.shape[last], 'a signal');
  const [isInverse, isOneSided] = [attributes.flag('inverse'), attributes.flag('onesided')];
  const isReal = isInverse && isOneSided;
  const samples = call.has(1) ? call.whole(1, 'a length') : isReal ? 2 * (given - 1) : given;
  if (samples < 1 || samples > MAX_SAMPLES) throw cannotExpress(`transforms ${samples} samples; 1 to ${MAX_SAMPLES} are read`);
  const half = Math.floor(samples / 2) + 1;
  const cut = parts.map((part) => part && ofLength(call, part, isReal ? half : samples)) as unknown as Parts;
  const made = isReal ? [realSamples(call, cut, half, samples)] : transformed(call, cut, samples, isOneSided ? half : samples, isInverse);
  return joined(
    call,
    made.map((part) => call.transposed(part as TypedValue, order)),
  );
}

/** The transforms of frames of a real signal, [batch, frames, frequencies, 2]. */
function shortTimeFourier(call: Call): TypedValue {
  const [signal, imaginary] = partsOf(call, call.ofRank(3));
  if (imaginary !== undefined) throw cannotExpress('transforms frames of complex numbers');
  const window = call.optional(2);
  const step = call.whole(1, 'a step');
  const length = call.has(3) ? call.whole(3, 'a length') : closed(window?.type.shape[0], 'a window');
  const frames = Math.floor((closed(signal.type.shape[1], 'a signal') - length) / step) + 1;
  if (step < 1 || length < 1 || length > MAX_SAMPLES || frames < 1) throw cannotExpress(`has ${frames} frames of ${length} samples`);
  const places = Array.from({ length: frames * length }, (_, index) => Math.floor(index / length) * step + (index % length));
  const cut = call.step('gather', [signal, call.numbers('int32', places, [frames, length])], { axis: 1, batchDimensions: 0 });
  const weighted = window === undefined ? cut : call.apply('mul', cut, window);
  const count = call.attributes.flag('onesided', true) ? Math.floor(length / 2) + 1 : length;
  return joined(call, transformed(call, [weighted, undefined], length, count, false) as readonly TypedValue[]);
}

export const SIGNAL_IMPORTERS: Importers = {
  HannWindow: windowOfCosines(0.5, -0.5),
  HammingWindow: windowOfCosines(ALPHA, ALPHA - 1),
  BlackmanWindow: windowOfCosines(0.42, -0.5, 0.08),
  DFT: fourier,
  STFT: shortTimeFourier,
};
