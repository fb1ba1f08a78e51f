/** The spectrum of a signal: each frequency is a convolution with a wave, whose values are weights of the layer. */
import type { TypedValue } from '../../graph/graph.js';
import { multiply, type Size } from '../../graph/size.js';
import { paddingOf } from './convolution.js';
import { type Call, checkChannelsLast, inputOfRank, knownSize, type Rule, reshaped, sizeAt, transposed } from './rule.js';

/** Keras's epsilon, the least value that a root or a logarithm is taken of. */
const EPSILON = 1e-7;

const MODES = ['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'] as const;

const stft: Rule = (call) => {
  checkChannelsLast(call);
  const { settings } = call;
  const x = inputOfRank(call, 3);
  const mode = settings.choice('mode', MODES, 'log');
  const length = settings.whole('frame_length', 256);
  const step = settings.value('frame_step') === undefined ? Math.max(Math.floor(length / 2), 1) : settings.whole('frame_step');
  const points = settings.value('fft_length') === undefined ? 2 ** Math.ceil(Math.log2(length)) : settings.whole('fft_length');
  // These fields shaped the waves, which are weights now.
  for (const key of ['window', 'periodic', 'scaling']) settings.value(key);
  const part = (name: 'real' | 'imag') => waves(call, x, `${name}_kernel`, [length, 1, Math.floor(points / 2) + 1], step);
  const isWide = settings.flag('expand_dims', false);
  return [arranged(call, spectrum(call, mode, part), sizeAt(x, 2), isWide)];
};

/** Convolves each channel: [batch, channels, frames, frequencies]. */
function waves(call: Call, x: TypedValue, name: string, shape: readonly [number, number, number], step: number): TypedValue {
  const [batch, samples, channels] = [sizeAt(x, 0), sizeAt(x, 1), knownSize(call, x, 2)];
  const rows = reshaped(call, transposed(call, x, [0, 2, 1]), [multiply(batch, channels), 1, samples, 1]);
  const filter = reshaped(call, call.weight(name, shape), [1, ...shape]);
  const y = call.op('conv2d', [rows, filter, null], { strides: [1, step], dilations: [1, 1], ...paddingOf(call), groups: 1 });
  return reshaped(call, y, [batch, channels, sizeAt(y, 2), shape[2]]);
}

function spectrum(call: Call, mode: (typeof MODES)[number], part: (name: 'real' | 'imag') => TypedValue): TypedValue {
  if (mode === 'real' || mode === 'imag') return part(mode);
  const [real, imaginary] = [part('real'), part('imag')];
  if (mode === 'angle') return call.op('atan2', [imaginary, real], {});
  if (mode === 'stft') return call.op('concat', [real, imaginary], { axis: 3 });
  const power = call.op('add', [call.op('mul', [real, real], {}), call.op('mul', [imaginary, imaginary], {})], {});
  if (mode === 'psd') return call.op('mul', [power, call.numbers(sides(sizeAt(power, 3) as number))], {});
  const size = call.op('sqrt', [call.op('max', [power, call.number(EPSILON)], {})], {});
  return mode === 'magnitude' ? size : call.op('log', [call.op('max', [size, call.number(EPSILON)], {})], {});
}

/** A spectrum of real numbers has each frequency twice, but for the first and the last one. */
const sides = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => (index > 0 && index < count - 1 ? 2 : 1));

/** Frames come before frequencies. Channels come last of all, or lie one behind the other. */
function arranged(call: Call, y: TypedValue, channels: Size, isWide: boolean): TypedValue {
  if (isWide) return transposed(call, y, [0, 2, 3, 1]);
  return reshaped(call, transposed(call, y, [0, 2, 1, 3]), [sizeAt(y, 0), sizeAt(y, 2), multiply(channels, sizeAt(y, 3))]);
}

/** The layer that makes spectra. */
export const SPECTRUM_RULES: readonly (readonly [kind: string, rule: Rule])[] = [['STFTSpectrogram', stft]];
