/**
 * A depthwise convolution with the 1 × 1 convolutions before and behind it, row by row: what lies between is a few rows, which stay in the
 * nearest caches, instead of a tensor that does not.
 */
import type { I32 } from '../asm/code.js';
import type { Callable } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { type DepthwisePicture, depthwiseRow } from './depthwise.js';
import { type Epilogue, operandParameters } from './epilogue.js';
import type { Kernels } from './kernel.js';
import { matrixProduct } from './matrix-product.js';

/** A 1 × 1 convolution. */
export interface Pointwise {
  readonly taken: number;
  readonly made: number;
  readonly epilogue: Epilogue;
}

export interface StripShape {
  /** Makes the input of the depthwise convolution; undefined if that is there. */
  readonly expand: Pointwise | undefined;
  readonly depthwise: DepthwisePicture;
  /** The bias and activation of the depthwise convolution. */
  readonly epilogue: Epilogue;
  /** Takes the output of the depthwise convolution; undefined if that is the output. */
  readonly project: Pointwise | undefined;
}

/** Bytes of a row of the depthwise convolution's input. */
const rowBytesOf = ({ depthwise: { inputWidth, channels } }: StripShape): number => 4 * inputWidth * channels;

/** The rows under a window are kept in a ring, in which a new row takes the place of the oldest one. */
const ringBytesOf = (shape: StripShape): number => (shape.expand === undefined ? 0 : shape.depthwise.windowHeight * rowBytesOf(shape));

/** Bytes of memory for the rows between. */
export const stripScratchBytes = (shape: StripShape): number =>
  ringBytesOf(shape) + (shape.project === undefined ? 0 : 4 * shape.depthwise.outputWidth * shape.depthwise.channels) + 64;

/** Whether the loop over rows fits: no row of the input is skipped, and the first window reaches no further than the picture. */
export const isStrip = ({ strideY, dilationY, windowHeight, paddingTop, inputHeight }: DepthwisePicture): boolean =>
  dilationY === 1 && strideY <= windowHeight && paddingTop < windowHeight && windowHeight - paddingTop <= inputHeight;

/**
 * All rows of the output.
 * Parameters: the addresses of the input, of the output, of the memory for the rows between, of a row of zeros, of the weights of the first,
 * the depthwise and the last convolution (0 for one that is not there), then the operands of the last epilogue.
 */
export function strip(kernels: Kernels, shape: StripShape): Callable {
  const { expand, project, epilogue } = shape;
  const { inputHeight, outputHeight, strideY, dilationY, paddingTop, ...row } = shape.depthwise;
  const { channels, inputWidth, outputWidth, windowHeight } = row;
  const rowBytes = rowBytesOf(shape);
  const ringBytes = ringBytesOf(shape);
  const expandRow = expand && rowProduct(kernels, inputWidth, expand);
  const projectRow = project && rowProduct(kernels, outputWidth, project);
  const run = depthwiseRow(kernels, row, epilogue);
  const last = project?.epilogue ?? epilogue;
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', ...operandParameters(last)] as const;
  const names = [expand?.epilogue.name, epilogue.name, last.name];
  return kernels.define(`strip ${JSON.stringify([shape, names])}`, parameters, undefined, (body, ...given) => {
    const [input, out, scratch, zeros, expandPanels, weights, projectPanels, ...operands] = given;
    const slot = body.let(scratch);
    const ringEnd = body.let(i32.offset(scratch, ringBytes));
    const nextRow = (): I32 => {
      const next = body.let(expandRow === undefined ? input : slot);
      if (expandRow !== undefined) {
        body.call(expandRow, input, expandPanels, slot);
        body.advance(slot, rowBytes);
        body.if(i32.eq(slot, ringEnd), () => body.set(slot, scratch));
      }
      body.advance(input, 4 * inputWidth * (expand?.taken ?? channels));
      return next;
    };
    const rows = Array.from({ length: windowHeight }, () => body.let(zeros));
    const enter = (place: number, isInside: boolean): void => body.set(rows[place] as (typeof rows)[0], isInside ? nextRow() : zeros);
    const writeRow = (): void => {
      body.call(run, weights, projectRow === undefined ? out : ringEnd, ...rows, ...(projectRow === undefined ? operands : []));
      if (projectRow !== undefined) body.call(projectRow, ringEnd, projectPanels, out, ...operands);
      body.advance(out, 4 * outputWidth * (project?.made ?? channels));
    };
    const step = (inside: number): void => {
      for (let place = strideY; place < windowHeight; place++) body.set(rows[place - strideY] as (typeof rows)[0], rows[place] as I32);
      for (let entered = 0; entered < strideY; entered++) enter(windowHeight - strideY + entered, entered < inside);
      writeRow();
    };
    for (let place = paddingTop; place < windowHeight; place++) enter(place, true);
    writeRow();
    const left = inputHeight - (windowHeight - paddingTop);
    const whole = Math.min(outputHeight - 1, Math.floor(left / strideY));
    if (whole > 0) body.repeat(whole, () => step(strideY));
    for (let y = whole + 1; y < outputHeight; y++) step(Math.max(0, left - (y - 1) * strideY));
  });
}

/** A 1 × 1 convolution of one row. */
const rowProduct = (kernels: Kernels, rows: number, { taken, made, epilogue }: Pointwise): Callable =>
  matrixProduct(
    kernels,
    {
      ...{ lines: 1, rows, columns: made, depth: { run: taken, loops: [] } },
      ...{ leftStrideBytes: 4 * taken, leftLineBytes: 0, outStrideBytes: 4 * made, outLineBytes: 0 },
    },
    epilogue,
  );
