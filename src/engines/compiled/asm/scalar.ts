/** Instructions on single numbers: addresses, counters, conditions, and floats that come one by one. */
import { type Code, type Expression, type F32, floatBytes, type I32, signed, unsigned, type ValueType } from './code.js';

const binary =
  <From extends ValueType, To extends ValueType>(type: To, opcode: number) =>
  (a: Expression<From>, b: Expression<From>): Expression<To> => ({ type, code: [a.code, b.code, opcode] });

/** An access of memory: alignment is a hint alone, and 0 is always true. */
export const place = (offset: number): Code => [0, ...unsigned(offset)];

const constant = (value: number): I32 => ({ type: 'i32', code: [0x41, ...signed(value)] });

/** Instructions on whole numbers. */
export const i32 = {
  const: constant,
  load: (address: I32, offset = 0): I32 => ({ type: 'i32', code: [address.code, 0x28, place(offset)] }),
  eq: binary<'i32', 'i32'>('i32', 0x46),
  ltS: binary<'i32', 'i32'>('i32', 0x48),
  gtS: binary<'i32', 'i32'>('i32', 0x4a),
  add: binary<'i32', 'i32'>('i32', 0x6a),
  sub: binary<'i32', 'i32'>('i32', 0x6b),
  and: binary<'i32', 'i32'>('i32', 0x71),
  or: binary<'i32', 'i32'>('i32', 0x72),
  mul: binary<'i32', 'i32'>('i32', 0x6c),
  /** The sum of an address and a number of bytes; no code at all for 0. */
  offset: (address: I32, bytes: number): I32 => (bytes === 0 ? address : i32.add(address, constant(bytes))),
};

/** Instructions on floats. */
export const f32 = {
  const: (value: number): F32 => ({ type: 'f32', code: [0x43, ...floatBytes(value)] }),
  load: (address: I32, offset = 0): F32 => ({ type: 'f32', code: [address.code, 0x2a, place(offset)] }),
  eq: binary<'f32', 'i32'>('i32', 0x5b),
  ne: binary<'f32', 'i32'>('i32', 0x5c),
  lt: binary<'f32', 'i32'>('i32', 0x5d),
  gt: binary<'f32', 'i32'>('i32', 0x5e),
};
