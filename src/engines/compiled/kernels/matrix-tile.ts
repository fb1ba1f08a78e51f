/**
 * The heart of matrix products and convolutions: a tile of a few rows and eight columns whose sums stay in registers.
 *
 * The left matrix lies as it is. The right one lies in panels: for each eight columns their bias, numbers of the epilogue, then row after
 * row eight weights. For each step of the depth the tile loads two vectors of weights, and for each row one element of the left matrix in
 * all places. Distances between rows are constants of the code, so that one address serves all rows.
 */
import type { I32, V128 } from '../asm/code.js';
import type { FunctionBuilder, Local } from '../asm/function.js';
import { i32 } from '../asm/scalar.js';
import { f32x4, v128 } from '../asm/vector.js';
import type { Epilogue } from './epilogue.js';
import type { Kernels } from './kernel.js';

/** How many columns a panel has. */
export const PANEL_COLUMNS = 8;
const VECTOR_BYTES = 16;
export const PANEL_ROW_BYTES = 4 * PANEL_COLUMNS;

/** The elements of the left matrix that one sum takes: runs of elements that lie side by side, repeated by loops around them. */
export interface Depth {
  readonly run: number;
  /** Outermost first: how often, and how many bytes lie between one turn's begin and the next one's. */
  readonly loops: readonly { readonly times: number; readonly strideBytes: number }[];
}

export interface TileShape {
  readonly rows: number;
  /** Columns that are stored, 1 to {@link PANEL_COLUMNS}. */
  readonly columns: number;
  readonly depth: Depth;
  /** Bytes between the rows of the left matrix, and between those of the product. */
  readonly leftStrideBytes: number;
  readonly outStrideBytes: number;
}

/** The number of products in each sum. */
export const depthOf = ({ run, loops }: Depth): number => loops.reduce((product, { times }) => product * times, run);

/** Bytes before the weights of a panel. */
export const panelHeadBytes = ({ channelNumbers }: Epilogue): number => PANEL_ROW_BYTES * (1 + channelNumbers);

/** Bytes of one panel. */
export const panelBytes = (depth: Depth, epilogue: Epilogue): number => panelHeadBytes(epilogue) + PANEL_ROW_BYTES * depthOf(depth);

/** The addresses that a tile works with. */
export interface TileAddresses {
  /** The first element of the tile's first row. */
  readonly left: I32;
  readonly panel: I32;
  readonly out: I32;
  /** Bytes from the output to each operand of the epilogue. */
  readonly operands: readonly I32[];
}

/** So many steps of the depth stand in one turn of the loop. */
const MAX_UNROLLED_STEPS = 4;

/** An addition waits for the one before; with fewer sums than this under way, the machine's adders stand idle. */
const MIN_SUMS = 8;

/** How many sums of alternating steps each element has, so that a tile of few rows has enough of them. */
const phasesOf = (sums: number): number => [1, 2, 4].find((phases) => phases * sums >= MIN_SUMS) ?? 4;

/** Writes the code of one tile. */
export function writeTile(kernels: Kernels, body: FunctionBuilder, shape: TileShape, at: TileAddresses, epilogue: Epilogue): void {
  const vectors = Math.ceil(shape.columns / 4);
  const sums = sumsOf(body, at.panel, shape.rows, vectors);
  writeDepth(kernels, body, shape, sums, body.let(at.left), body.let(i32.offset(at.panel, panelHeadBytes(epilogue))));
  for (let row = 0; row < shape.rows; row++) {
    for (let vector = 0; vector < vectors; vector++) {
      const offset = row * shape.outStrideBytes + vector * VECTOR_BYTES;
      const [first, ...others] = sums.map((each) => each[row]?.[vector]) as [Local<'v128'>, ...Local<'v128'>[]];
      if (others.length > 0) body.set(first, others.reduce<V128>(f32x4.add, first));
      const stored = epilogue.write(first, {
        body,
        channelNumbers: (index) => v128.load(at.panel, PANEL_ROW_BYTES * (1 + index) + vector * VECTOR_BYTES),
        operand: (index) => v128.load(i32.add(at.out, at.operands[index] as I32), offset),
      });
      body.set(first, stored);
      body.storeLanes(at.out, first, Math.min(4, shape.columns - 4 * vector), offset);
    }
  }
}

/** Adds up the products of all steps of the depth. */
function writeDepth(
  kernels: Kernels,
  body: FunctionBuilder,
  { rows, depth, leftStrideBytes }: TileShape,
  sums: readonly Local<'v128'>[][][],
  element: Local<'i32'>,
  weights: Local<'i32'>,
): void {
  const vectors = sums[0]?.[0]?.length as number;
  const step = (index: number): void => {
    const right = Array.from({ length: vectors }, (_, vector) =>
      body.let(v128.load(weights, index * PANEL_ROW_BYTES + vector * VECTOR_BYTES)),
    );
    for (let row = 0; row < rows; row++) {
      const splat = body.let(v128.load32Splat(element, index * 4 + row * leftStrideBytes));
      for (const [vector, each] of right.entries()) {
        const sum = sums[index % sums.length]?.[row]?.[vector] as Local<'v128'>;
        body.set(sum, kernels.multiplyAdd(splat, each, sum));
      }
    }
  };
  writeRuns(body, depth, { element, elementBytes: 4, weights, weightBytes: PANEL_ROW_BYTES }, step);
}

/** The variables that move along the depth, and how far for each of its steps. */
interface Moving {
  readonly element: Local<'i32'>;
  readonly elementBytes: number;
  readonly weights: Local<'i32'>;
  readonly weightBytes: number;
}

/** Writes the loops over the depth. @param step writes a step; it gets how many steps it is ahead of where the variables stand */
export function writeRuns(
  body: FunctionBuilder,
  { run, loops }: Depth,
  { element, elementBytes, weights, weightBytes }: Moving,
  step: (index: number) => void,
): void {
  const steps = (count: number): void => {
    for (let index = 0; index < count; index++) step(index);
    body.advance(weights, count * weightBytes);
  };
  const unrolled = Math.min(run, MAX_UNROLLED_STEPS);
  const turns = Math.floor(run / unrolled);
  const rest = run % unrolled;
  const writeRun = (): void => {
    body.repeat(turns, () => {
      steps(unrolled);
      body.advance(element, elementBytes * unrolled);
    });
    if (rest > 0) steps(rest);
  };
  // Each loop moves the address on from where the loops in it have left it. They tell how far that is.
  const write = ([outer, ...inner]: Depth['loops']): number => {
    if (outer === undefined) {
      writeRun();
      return elementBytes * unrolled * turns;
    }
    body.repeat(outer.times, () => body.advance(element, outer.strideBytes - write(inner)));
    return outer.times * outer.strideBytes;
  };
  write(loops);
}

/** Sums by phase, row and vector. Those of the first phase begin with the bias, all others with 0. */
function sumsOf(body: FunctionBuilder, panel: I32, rows: number, vectors: number): Local<'v128'>[][][] {
  return Array.from({ length: phasesOf(rows * vectors) }, (_, phase) =>
    Array.from({ length: rows }, () =>
      Array.from({ length: vectors }, (_unused, vector) =>
        body.let(phase === 0 ? v128.load(panel, vector * VECTOR_BYTES) : f32x4.const(0)),
      ),
    ),
  );
}
