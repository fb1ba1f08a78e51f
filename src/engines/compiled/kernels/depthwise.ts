/**
 * Depthwise convolution, where each channel has a filter of its own: a few neighbouring outputs are summed at once, so that each element of
 * the input is read once for all of them. Four channels are computed at a time, and those that lie side by side one after the other.
 *
 * Weights lie in blocks of four channels: their bias, then for each place of the window four weights.
 */
import type { I32 } from '../asm/code.js';
import type { Callable, FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { v128 } from '../asm/vector.js';
import { type Epilogue, operandParameters } from './epilogue.js';
import type { Kernels } from './kernel.js';

export const BLOCK_CHANNELS = 4;
const BLOCK_BYTES = 4 * BLOCK_CHANNELS;

/** Registers that a vector instruction can name on x64, without the one that V8 keeps. */
const REGISTERS = 15;

/** Most outputs that are summed at once. */
const MAX_TOGETHER = 4;

export interface DepthwiseRow {
  readonly channels: number;
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly windowHeight: number;
  readonly windowWidth: number;
  readonly stride: number;
  readonly dilation: number;
  /** Columns of zeros to the left of the input. */
  readonly paddingLeft: number;
}

/** Bytes before the weights of a block. */
export const blockHeadBytes = ({ channelNumbers }: Epilogue): number => BLOCK_BYTES * (1 + channelNumbers);

/** Bytes of one block of weights. @param taps places of the window */
export const blockBytes = (taps: number, epilogue: Epilogue): number => blockHeadBytes(epilogue) + BLOCK_BYTES * taps;

/**
 * One row of the output, all channels.
 * Parameters: the address of the weights, that of the output row, those of the input's rows under the window, where a row of padding is
 * the address of zeros, then the operands of the epilogue.
 */
export function depthwiseRow(kernels: Kernels, shape: DepthwiseRow, epilogue: Epilogue): Callable {
  const { windowHeight } = shape;
  const rowParameters = Array.from({ length: windowHeight }, () => 'i32' as const);
  const parameters = ['i32', 'i32', ...rowParameters, ...operandParameters(epilogue)] as const;
  return kernels.define(`depthwise ${JSON.stringify(shape)} ${epilogue.name}`, parameters, undefined, (body, weights, out, ...given) => {
    const rows = given.slice(0, windowHeight);
    const operands = given.slice(windowHeight);
    const pixelBytes = 4 * shape.channels;
    const { begin, tiles, together } = tilesOf(shape);
    const write = (outputs: Outputs, own = rows): void => {
      writeOutputs(kernels, body, shape, { weights, out, rows: own, operands }, outputs, epilogue);
      body.advance(out, outputs.count * pixelBytes);
    };
    const edge = (from: number, to: number): void => {
      for (let first = from; first < to; first += together) write({ first, count: Math.min(together, to - first), isInside: false });
    };
    edge(0, begin);
    if (tiles > 0) {
      const moved = rows.map((row) => body.let(i32.offset(row, (begin * shape.stride - shape.paddingLeft) * pixelBytes)));
      body.repeat(tiles, () => {
        write({ first: begin, count: together, isInside: true }, moved);
        for (const each of moved) body.advance(each, together * shape.stride * pixelBytes);
      });
    }
    edge(begin + tiles * together, shape.outputWidth);
  });
}

/** The first output whose window lies in the input, and how many turns of how many outputs follow. */
function tilesOf(shape: DepthwiseRow): { readonly begin: number; readonly tiles: number; readonly together: number } {
  const { inputWidth, outputWidth, windowWidth, stride, dilation, paddingLeft } = shape;
  const isWithin = (output: number): boolean =>
    output * stride >= paddingLeft && output * stride - paddingLeft + (windowWidth - 1) * dilation < inputWidth;
  const within = Array.from({ length: outputWidth }, (_, output) => output).filter(isWithin);
  // Sums, a row of weights and an element have registers of their own.
  const together = Math.max(1, Math.min(MAX_TOGETHER, REGISTERS - windowWidth - 1));
  return { begin: within[0] ?? outputWidth, tiles: Math.floor(within.length / together), together };
}

interface Addresses {
  readonly weights: Local<'i32'>;
  readonly out: Local<'i32'>;
  /** The first column that a window has, in each of the input's rows; at an edge, the rows themselves. */
  readonly rows: readonly Local<'i32'>[];
  readonly operands: readonly I32[];
}

/** Neighbouring outputs that are summed at once. */
interface Outputs {
  readonly first: number;
  readonly count: number;
  /** Whether all columns of their windows lie in the input. */
  readonly isInside: boolean;
}

/** Some neighbouring outputs of all channels. The addresses stay as they are. */
function writeOutputs(
  kernels: Kernels,
  body: FunctionBuilder,
  shape: DepthwiseRow,
  given: Addresses,
  outputs: Outputs,
  epilogue: Epilogue,
): void {
  const { channels, windowHeight, windowWidth } = shape;
  const blocks = Math.floor(channels / BLOCK_CHANNELS);
  const own = { ...given, weights: body.let(given.weights), out: body.let(given.out), rows: given.rows.map((row) => body.let(row)) };
  if (blocks > 0)
    body.repeat(blocks, () => {
      writeBlock(kernels, body, shape, own, outputs, BLOCK_CHANNELS, epilogue);
      body.advance(own.weights, blockBytes(windowHeight * windowWidth, epilogue));
      for (const each of [own.out, ...own.rows]) body.advance(each, BLOCK_BYTES);
    });
  if (channels % BLOCK_CHANNELS > 0) writeBlock(kernels, body, shape, own, outputs, channels % BLOCK_CHANNELS, epilogue);
}

/** Some neighbouring outputs of up to four channels. */
function writeBlock(
  kernels: Kernels,
  body: FunctionBuilder,
  shape: DepthwiseRow,
  { weights, out, rows, operands }: Addresses,
  { first, count, isInside }: Outputs,
  stored: number,
  epilogue: Epilogue,
): void {
  const { channels, inputWidth, windowHeight, windowWidth, stride, dilation, paddingLeft } = shape;
  const pixelBytes = 4 * channels;
  const begin = first * stride - paddingLeft;
  const last = begin + (count - 1) * stride + (windowWidth - 1) * dilation;
  const sums = Array.from({ length: count }, () => body.let(v128.load(weights)));
  for (let row = 0; row < windowHeight; row++) {
    const line = Array.from({ length: windowWidth }, (_, column) =>
      body.let(v128.load(weights, blockHeadBytes(epilogue) + BLOCK_BYTES * (row * windowWidth + column))),
    );
    for (let column = begin; column <= last; column++) {
      if (!isInside && (column < 0 || column >= inputWidth)) continue;
      const used = sums.flatMap((sum, index) => {
        const place = column - begin - index * stride;
        const tap = place / dilation;
        return place >= 0 && Number.isInteger(tap) && tap < windowWidth ? [{ sum, weight: line[tap] as Local<'v128'> }] : [];
      });
      if (used.length === 0) continue;
      const element = body.let(v128.load(rows[row] as Local<'i32'>, (isInside ? column - begin : column) * pixelBytes));
      for (const { sum, weight } of used) body.set(sum, kernels.multiplyAdd(element, weight, sum));
    }
  }
  for (const [index, sum] of sums.entries()) {
    const offset = index * pixelBytes;
    const site = {
      body,
      channelNumbers: (number: number) => v128.load(weights, BLOCK_BYTES * (1 + number)),
      operand: (number: number) => v128.load(i32.add(out, operands[number] as I32), offset),
    };
    body.set(sum, epilogue.write(sum, site));
    body.storeLanes(out, sum, stored, offset);
  }
}

/** A whole picture. */
export interface DepthwisePicture extends DepthwiseRow {
  readonly inputHeight: number;
  readonly outputHeight: number;
  readonly strideY: number;
  readonly dilationY: number;
  readonly paddingTop: number;
}

/**
 * All rows of the output.
 * Parameters: the addresses of the weights, of the output, of the input and of a row of zeros, then the operands of the epilogue.
 */
export function depthwisePicture(kernels: Kernels, shape: DepthwisePicture, epilogue: Epilogue): Callable {
  const { inputHeight, outputHeight, strideY, dilationY, paddingTop, ...row } = shape;
  const run = depthwiseRow(kernels, row, epilogue);
  const parameters = ['i32', 'i32', 'i32', 'i32', ...operandParameters(epilogue)] as const;
  const rowBytes = 4 * row.channels * row.inputWidth;
  const outBytes = 4 * row.channels * row.outputWidth;
  const taps = Array.from({ length: row.windowHeight }, (_, tap) => tap * dilationY);
  const isInside = (y: number): boolean => y >= 0 && y < inputHeight;
  const firstOf = (output: number): number => output * strideY - paddingTop;
  const within = Array.from({ length: outputHeight }, (_, y) => y).filter((y) => taps.every((tap) => isInside(firstOf(y) + tap)));
  const begin = within[0] ?? outputHeight;
  const name = `depthwise picture ${JSON.stringify(shape)} ${epilogue.name}`;
  return kernels.define(name, parameters, undefined, (body, weights, out, input, zeros, ...operands) => {
    const edge = (y: number): void => {
      const rows = taps.map((tap) => (isInside(firstOf(y) + tap) ? i32.offset(input, (firstOf(y) + tap) * rowBytes) : zeros));
      body.call(run, weights, i32.offset(out, y * outBytes), ...rows, ...operands);
    };
    for (let y = 0; y < begin; y++) edge(y);
    if (within.length > 0) {
      const line = body.let(i32.offset(input, firstOf(begin) * rowBytes));
      const target = body.let(i32.offset(out, begin * outBytes));
      body.repeat(within.length, () => {
        body.call(run, weights, target, ...taps.map((tap) => i32.offset(line, tap * rowBytes)), ...operands);
        body.advance(line, strideY * rowBytes);
        body.advance(target, outBytes);
      });
    }
    for (let y = begin + within.length; y < outputHeight; y++) edge(y);
  });
}
