/** Pieces of WebAssembly code: bytes, and typed expressions made of them. */

/** Bytes of instructions. They nest, so that code is put together without copying. */
export type Code = number | VectorConstant | readonly Code[];

/** The instruction that makes a vector of 16 bytes. */
export class VectorConstant {
  readonly bytes: readonly number[];

  constructor(lanes: Float32Array | Int32Array) {
    this.bytes = [0xfd, 12, ...new Uint8Array(lanes.buffer)];
  }

  /** A vector of zeros takes one instruction on every machine. */
  get isZero(): boolean {
    return this.bytes.slice(2).every((byte) => byte === 0);
  }
}

/** The types of values, each with the byte that stands for it in a module. */
export const VALUE_TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
export type ValueType = keyof typeof VALUE_TYPES;

/** Code that leaves one value on the stack. */
export interface Expression<Type extends ValueType> {
  readonly type: Type;
  readonly code: Code;
}

export type I32 = Expression<'i32'>;
export type F32 = Expression<'f32'>;
export type V128 = Expression<'v128'>;

/** A whole number without a sign in LEB128, as modules have sizes and indices. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A whole number with a sign in LEB128, as `i32.const` takes it. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** The four bytes of a float32. */
export const floatBytes = (value: number): number[] => [...new Uint8Array(new Float32Array([value]).buffer)];

/** The bytes of code, one after the other. */
export function flatten(code: Code): Uint8Array {
  const bytes: number[] = [];
  const visit = (each: Code): void => {
    if (typeof each === 'number') bytes.push(each);
    else if (each instanceof VectorConstant) bytes.push(...each.bytes);
    else for (const part of each) visit(part);
  };
  visit(code);
  return Uint8Array.from(bytes);
}
