/** Which ops are computed element by element, for which element types. */
import { type DataType, isFloat } from '../../../graph/element-type.js';
import type { V128 } from '../asm/code.js';
import { f32x4, i32x4 } from '../asm/vector.js';
import { FLOAT_FORMULAS, type Formula, WHOLE_FORMULAS, where } from '../kernels/formulas.js';

/** The formula of an op, if it has one for inputs of these types. */
export function formulaOf(op: string, types: readonly DataType[]): Formula | undefined {
  if (op === 'where') return where;
  if (op === 'cast') return ([x], { attributes }) => cast(x as V128, types[0] as DataType, attributes['to'] as DataType);
  const [type] = types as readonly [DataType];
  if (isFloat(type)) return FLOAT_FORMULAS[op];
  const formula = WHOLE_FORMULAS[op];
  // A number beyond a smaller type keeps its lowest bits.
  return formula !== undefined && GROWING.has(op) ? (inputs, call) => narrowed(formula(inputs, call), type) : formula;
}

/** Ops whose results may be beyond the type of their inputs. */
const GROWING: ReadonlySet<string> = new Set(['abs', 'neg', 'add', 'sub', 'mul', 'div', 'floorDiv', 'pow', 'squaredDifference']);

/** Bits of a number of 32 bits that are above those of a smaller type. */
const UNUSED_BITS: Readonly<Partial<Record<DataType, number>>> = { int8: 24, uint8: 24, int16: 16 };

function cast(x: V128, from: DataType, to: DataType): V128 {
  if (to === 'bool') return isFloat(from) ? i32x4.shrU(f32x4.ne(x, f32x4.const(0)), 31) : i32x4.shrU(i32x4.ne(x, i32x4.const(0)), 31);
  if (isFloat(to)) return isFloat(from) ? x : f32x4.fromI32(x);
  return isFloat(from) ? bounded(i32x4.fromF32(x), to) : narrowed(x, to);
}

/** The lowest bits of a number, as many as a type has. */
export function narrowed(x: V128, to: DataType): V128 {
  const unused = UNUSED_BITS[to];
  if (unused === undefined) return x;
  const shifted = i32x4.shl(x, unused);
  return to === 'uint8' ? i32x4.shrU(shifted, unused) : i32x4.shrS(shifted, unused);
}

/** The nearest number that a smaller type has. */
function bounded(x: V128, to: DataType): V128 {
  const bits = UNUSED_BITS[to];
  if (bits === undefined) return x;
  const [least, greatest] = to === 'uint8' ? [0, 255] : [-(2 ** (31 - bits)), 2 ** (31 - bits) - 1];
  return i32x4.min(i32x4.max(x, i32x4.const(least)), i32x4.const(greatest));
}
