/**
 * WGSL programs of TF.js's webgpu backend (4.22) that answer wrong, mended before they are compiled. TF.js reads every element as a
 * float32, which holds whole numbers up to 2^24 alone, and hands whole numbers to functions that take floats, which is no WGSL.
 * Programs are known by their shader keys, since a minifier changes the names of their classes.
 */
import { type WebGPUBackend, type WebGPUProgram, webgpu_util } from '@tensorflow/tfjs-backend-webgpu';
import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { WideDType } from '../../base/dtype.js';

/** A tensor that a program reads, with the dtype of its buffer. */
export interface ProgramInput {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

type Mend = (program: WebGPUProgram, inputs: readonly ProgramInput[], dtype: DataType) => WebGPUProgram;

/** The program to run in a program's place; most are right and are returned. @param dtype of the output */
export function mendedProgram(program: WebGPUProgram, inputs: readonly ProgramInput[], dtype: DataType): WebGPUProgram {
  const family = program.shaderKey.split('_')[0] as string;
  return Object.hasOwn(MENDS, family) ? (MENDS[family] as Mend)(program, inputs, dtype) : program;
}

/** A text or pattern in a program's code, and the text that takes its place. */
type Change = readonly [found: string | RegExp, text: string];

const changed = (program: WebGPUProgram, changes: readonly Change[], before = ''): WebGPUProgram => ({
  ...program,
  shaderKey: `${program.shaderKey} mended`,
  getUserCode: () => before + changes.reduce((code, [found, text]) => code.replaceAll(found, text), program.getUserCode()),
});

const isWhole = (dtype: DataType | undefined): boolean => dtype === 'int32' || dtype === 'bool';

/** The part of a shader key that says which operation of a family it is. */
const operationOf = ({ shaderKey }: WebGPUProgram): string => shaderKey.split('_')[1] as string;

const COORDINATES = ['i32', 'i32', 'vec2<i32>', 'vec3<i32>', 'vec4<i32>', 'vec5', 'vec6'];
const AXES = 'xyzwuv';
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** The functions by which a program reads its inputs, for whole numbers: `wholeX(1, 2)` beside TF.js's `getX(1, 2)`. */
const wholeReaders = ({ variableNames }: WebGPUProgram, inputs: readonly ProgramInput[]): string =>
  variableNames
    .map((name, index) => {
      const rank = inputs[index]?.shape.length ?? 0;
      const axes = Array.from({ length: rank }, (_, axis) => `d${axis}`);
      const place = rank === 0 ? '0' : `getIndexFromCoords${rank}D(${COORDINATES[rank]}(${axes}), uniforms.${lower(name)}Shape)`;
      return `fn whole${capital(name)}(${axes.map((axis) => `${axis} : i32`)}) -> i32 { return i32(${name}[${place}]); }\n`;
    })
    .join('');

/** Functions that take floats, and the ones that take whole numbers instead. */
const WHOLE: readonly Change[] = [
  [/\bf32\b/g, 'i32'],
  ['setOutputAtIndex(', 'setOutputAtIndexI32('],
  ['setOutputAtCoords(', 'setOutputAtCoordsI32('],
  [/isnan\(\w+\)/g, 'false'],
  ['uniforms.NAN', '0'],
  ['bestValue = 0.0', 'bestValue = 0'],
  ['bestValue = 1.0', 'bestValue = 1'],
];

/** A program that moves elements. @param names the inputs whose elements move; default the first */
const moved =
  (...names: readonly string[]): Mend =>
  (program, inputs, dtype) => {
    const { variableNames } = program;
    const moving = names.length === 0 ? variableNames.slice(0, 1) : names;
    if (!isWhole(dtype) || !moving.every((name) => isWhole(inputs[variableNames.indexOf(name)]?.dtype))) return program;
    const readers = moving.map((name): Change => [`get${capital(name)}(`, `whole${capital(name)}(`]);
    return changed(
      program,
      [
        ...WHOLE,
        ...readers,
        // A gather finds 0 beyond the axis, and multiplies by it.
        ['select(0.0, 1.0,', 'select(0, 1,'],
        ['(index, uniforms.constantValue)', '(index, i32(uniforms.constantValue))'],
      ],
      wholeReaders(program, inputs),
    );
  };

/** TopK: the indices of the greatest elements are computed, whose dtype is int32 whatever the elements are. */
const topK: Mend = (program, inputs, dtype) => {
  const mended = moved('x')(program, inputs, dtype);
  return mended === program ? program : changed(mended, [['uniforms.negativeInf', '-2147483648']]);
};

const concat: Mend = (program, inputs, dtype) => moved(...program.variableNames)(program, inputs, dtype);

/** TF.js asks for coordinates by numbers, which its types of more than four coordinates do not have. */
const BEYOND_FOUR_AXES: readonly Change[] = [
  ['coords[4]', 'coords.u'],
  ['coords[5]', 'coords.v'],
];

/** Operations on two whole numbers by their numbers in TF.js. */
const WHOLE_OPERATIONS: Readonly<Record<string, string>> = {
  0: 'return a + b;',
  6: 'return i32(a == b);',
  7: 'let quotient = a / b; return select(quotient, quotient - 1, a % b != 0 && (a < 0) != (b < 0));',
  8: 'return i32(a > b);',
  9: 'return i32(a >= b);',
  10: 'return i32(a < b);',
  11: 'return i32(a <= b);',
  14: 'return max(a, b);',
  15: 'return min(a, b);',
  16: 'let rest = a % b; return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));',
  17: 'return a * b;',
  18: 'return i32(a != b);',
  19: `if (b < 0) { return select(0, select(1, a, (b & 1) == 1), a == 1 || a == -1); }
    var result = 1;
    var square = a;
    for (var rest = b; rest > 0; rest = rest / 2) {
      if (rest % 2 == 1) { result = result * square; }
      square = square * square;
    }
    return result;`,
  21: 'return (a - b) * (a - b);',
  22: 'return a - b;',
};

/** Another program, since TF.js's own reads four elements at once, or some of them from shared memory. */
const binary: Mend = (program, inputs, dtype) => {
  const operation = operationOf(program);
  if (!isWhole(dtype) || !inputs.every((input) => isWhole(input.dtype)) || !Object.hasOwn(WHOLE_OPERATIONS, operation))
    return changed(program, BEYOND_FOUR_AXES);
  const { outputShape } = program;
  const [a, b] = inputs.map((input, index) => placeOf(input.shape, outputShape, index === 0 ? 'a' : 'b'));
  return {
    ...flat(outputShape),
    variableNames: ['A', 'B'],
    shaderKey: `wholeBinary_${operation}`,
    getUserCode: () => `
      fn operation(a : i32, b : i32) -> i32 { ${WHOLE_OPERATIONS[operation]} }
      fn main(index : i32) {
        if (index < uniforms.size) {
          let coords = getCoordsFromIndex(index);
          setOutputAtIndexI32(index, operation(i32(A[${a}]), i32(B[${b}])));
        }
      }
    `,
  };
};

/** The place of an input's element that is broadcast to the output's. */
function placeOf(shape: readonly number[], outputShape: readonly number[], name: string): string {
  const rank = shape.length;
  if (rank === 0) return '0';
  const offset = outputShape.length - rank;
  const coordinates = shape.map((size, axis) => {
    if (size === 1 && outputShape[axis + offset] !== 1) return '0';
    return outputShape.length === 1 ? 'coords' : `coords.${AXES[axis + offset]}`;
  });
  return `getIndexFromCoords${rank}D(${COORDINATES[rank]}(${coordinates}), uniforms.${name}Shape)`;
}

const reduce: Mend = (program, inputs, dtype) => (dtype === 'int32' && isWhole(inputs[0]?.dtype) ? changed(program, WHOLE) : program);

/** TF.js writes the length of the axis into the program, but not into the key that it is found again by. */
const cum: Mend = (program, inputs, dtype) => {
  const keyed = { ...program, shaderKey: `${program.shaderKey}_${program.outputShape.at(-1)}`, getUserCode: () => program.getUserCode() };
  return moved()(changed(keyed, isWhole(dtype) ? [[/var val = ([01])\.0/g, 'var val = $1']] : []), inputs, dtype);
};

/** ArgMax and ArgMin take the first of equal elements, where TF.js takes any. */
const argMinMax: Mend = (program, inputs) => {
  const isFirst = '(candidate == bestValue && xBestIndices[localId.x + interval] < xBestIndices[localId.x])';
  const changes: Change[] = [[/if \((candidate [<>] bestValue)\)(\s*\{[^}]*xBestValues)/g, `if ($1 || ${isFirst})$2`]];
  if (inputs[0]?.dtype !== 'int32') return changed(program, changes);
  const worst = operationOf(program) === '>' ? '-2147483648' : '2147483647';
  return changed(program, [...changes, ...WHOLE, ['getX(', 'wholeX('], ['uniforms.infinityValue', worst]], wholeReaders(program, inputs));
};

/**
 * Elements for which the functions of WGSL may answer anything, and `asinh` for which its formula is not exact, by the numbers of TF.js's
 * operations.
 */
const GUARDS: Readonly<Record<string, string>> = {
  4: `let size = abs(a);
    if (isinf(a)) { return a; }
    return sign(a) * select(log(size + sqrt(size * size + 1.0)), log(size) + 0.6931472, size > 1e9);`,
  19: 'if (a == 0.0) { return -uniforms.INFINITY; } if (isinf(a) && a > 0.0) { return a; }',
  20: 'if (a == -1.0) { return -uniforms.INFINITY; } if (a < -1.0) { return uniforms.NAN; } if (isinf(a)) { return a; }',
};

/** NaN stays NaN: the functions of WGSL may take it for any number. */
const unary: Mend = (program, _, dtype) => {
  if (dtype !== 'float32') return program;
  const head = 'fn unaryOperation(a : f32) -> f32 {';
  return changed(program, [[head, `${head} if (isnan(a)) { return a; } ${GUARDS[operationOf(program)] ?? ''}`]]);
};

const MENDS: Readonly<Record<string, Mend>> = {
  ...{ unary, binary, reduce, cum, argMinMax, concat, swap: topK, merge: topK },
  ...{ transpose: moved(), transposeShared: moved(), slice: moved(), stridedSlice: moved(), tile: moved(), pad: moved() },
  ...{ mirrorPad: moved(), reverse: moved(), gather: moved(), gathernd: moved(), spaceToBatchND: moved(), select: moved('a', 'b') },
};

/** Writes the elements of a tensor as another dtype. */
export function converted(backend: WebGPUBackend, x: TensorInfo, dtype: WideDType): TensorInfo {
  const write = dtype === 'float32' ? 'setOutputAtIndex(index, f32(x[index]))' : 'setOutputAtIndexI32(index, i32(x[index]))';
  const getUserCode = () => `fn main(index : i32) { if (index < uniforms.size) { ${write}; } }`;
  return backend.runWebGPUProgram({ ...flat(x.shape), variableNames: ['x'], shaderKey: 'converted', getUserCode }, [x], dtype);
}

/** How a program is run that computes each element by itself. */
function flat(outputShape: number[]) {
  const workgroupSize: [number, number, number] = [128, 1, 1];
  const dispatchLayout = { x: outputShape.map((_, axis) => axis) };
  const dispatch = webgpu_util.computeDispatch(dispatchLayout, outputShape, workgroupSize);
  return { outputShape, size: true, workgroupSize, dispatchLayout, dispatch };
}
