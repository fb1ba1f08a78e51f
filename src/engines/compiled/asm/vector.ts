/** Instructions on vectors of 128 bits: four floats or four whole numbers. Opcodes are those of the SIMD and relaxed SIMD proposals. */
import { type Expression, type F32, type I32, unsigned, type V128, type ValueType, VectorConstant } from './code.js';
import { place } from './scalar.js';

/** The opcode behind the prefix of vector instructions. */
const vector = (opcode: number): readonly number[] => [0xfd, ...unsigned(opcode)];

const unary =
  <From extends ValueType = 'v128', To extends ValueType = 'v128'>(opcode: number, type = 'v128' as To) =>
  (a: Expression<From>): Expression<To> => ({ type, code: [a.code, vector(opcode)] });

const binary =
  (opcode: number) =>
  (a: V128, b: V128): V128 => ({ type: 'v128', code: [a.code, b.code, vector(opcode)] });

const ternary =
  (opcode: number) =>
  (a: V128, b: V128, c: V128): V128 => ({ type: 'v128', code: [a.code, b.code, c.code, vector(opcode)] });

const load =
  (opcode: number) =>
  (address: I32, offset = 0): V128 => ({ type: 'v128', code: [address.code, vector(opcode), place(offset)] });

const shift =
  (opcode: number) =>
  (a: V128, bits: number): V128 => ({ type: 'v128', code: [a.code, 0x41, bits, vector(opcode)] });

/** Instructions on all bits of vectors, and those that read memory. */
export const v128 = {
  load: load(0),
  /** One number from memory in all four places. */
  load32Splat: load(9),
  and: binary(78),
  /** Bits of a where b has none. */
  andNot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of a where the mask has a one, else bits of b. */
  select: (a: V128, b: V128, mask: V128): V128 => ternary(82)(a, b, mask),
  /** 16 bytes of both vectors, by their places in a (0 to 15) and b (16 to 31). */
  shuffle: (a: V128, b: V128, places: readonly number[]): V128 => ({ type: 'v128', code: [a.code, b.code, vector(13), places] }),
  const: (lanes: readonly number[]): V128 => ({ type: 'v128', code: new VectorConstant(Float32Array.from(lanes)) }),
};

/** Places of a shuffle that takes four numbers of both vectors. */
export const lanes = (...four: readonly number[]): readonly number[] => four.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));

/** Instructions on four floats. */
export const f32x4 = {
  splat: unary<'f32'>(19),
  const: (value: number): V128 => v128.const([value, value, value, value]),
  extract: (a: V128, lane: number): F32 => ({ type: 'f32', code: [a.code, vector(31), lane] }),
  replace: (a: V128, lane: number, by: F32): V128 => ({ type: 'v128', code: [a.code, by.code, vector(32), lane] }),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  ceil: unary(103),
  floor: unary(104),
  trunc: unary(105),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  min: binary(232),
  max: binary(233),
  /** b < a ? b : a, one instruction on x64: a NaN in a stays only if b is none. */
  pmin: binary(234),
  /** a < b ? b : a. */
  pmax: binary(235),
  fromI32: unary(250),
  /** Two floats of 64 bits, and two zeros. */
  demote: unary(94),
  /** a · b + c with one rounding or two, as the machine likes. */
  relaxedMadd: ternary(0x105),
};

/** Instructions on four whole numbers. */
export const i32x4 = {
  splat: unary<'i32'>(17),
  extract: (a: V128, lane: number): I32 => ({ type: 'i32', code: [a.code, vector(27), lane] }),
  const: (value: number): V128 => ({ type: 'v128', code: new VectorConstant(Int32Array.of(value, value, value, value)) }),
  eq: binary(55),
  ne: binary(56),
  lt: binary(57),
  gt: binary(59),
  le: binary(61),
  ge: binary(63),
  abs: unary(160),
  neg: unary(161),
  shl: shift(171),
  shrS: shift(172),
  shrU: shift(173),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  min: binary(182),
  max: binary(184),
  /** Towards zero; what lies beyond the range takes the nearest bound, and NaN becomes 0. */
  fromF32: unary(248),
};

/** Instructions on two floats of 64 bits, which hold every whole number of 32 bits. */
export const f64x2 = {
  le: binary(75),
  ge: binary(76),
  ceil: unary(116),
  floor: unary(117),
  trunc: unary(122),
  add: binary(240),
  sub: binary(241),
  mul: binary(242),
  div: binary(243),
  /** The first two floats of 32 bits. */
  promoteLow: unary(95),
  /** The first two whole numbers. */
  fromLowI32: unary(254),
  /** Two whole numbers and two zeros. */
  toI32: unary(252),
};
