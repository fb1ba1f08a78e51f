/**
 * Arithmetic of whole numbers. Types of at most 32 bits wrap: a result is right in its lowest 32 bits, and the array that it is stored
 * in keeps as many of them as the type has. int64 is kept in float64, where whole numbers are exact up to 2^53.
 */

/** a / b, rounded towards zero. @throws {RangeError} if b is 0 */
export const divide = (a: number, b: number): number => Math.trunc(a / divisor(b));

/** a / b, rounded towards minus infinity. @throws {RangeError} if b is 0 */
export const floorDivide = (a: number, b: number): number => Math.floor(a / divisor(b));

/** The remainder of a / b, with the sign of b. @throws {RangeError} if b is 0 */
export const modulo = (a: number, b: number): number => floorModulo(a, divisor(b));

/** The remainder with the sign of b, of whole numbers or floats: what C's `fmod` gives, moved to the side of b, as Python does it. */
export function floorModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function divisor(b: number): number {
  if (b === 0) throw new RangeError('divides a whole number by 0');
  return b;
}

/** The square of a - b in its lowest 32 bits. */
export const squaredDifference = (a: number, b: number): number => Math.imul(a - b, a - b);

/** base^exponent in its lowest 32 bits, by squaring. */
export const power = (base: number, exponent: number): number => powerBy(Math.imul, base, exponent);

/** base^exponent, of int64. */
export const power64 = (base: number, exponent: number): number => powerBy((a, b) => a * b, base, exponent);

function powerBy(multiply: (a: number, b: number) => number, base: number, exponent: number): number {
  if (base === 1 || (base === -1 && exponent % 2 === 0)) return 1;
  if (exponent < 0) return base === -1 ? -1 : 0;
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** The bits that are set in both of two int64, which are two's complements. */
export function bitwiseAnd64(a: number, b: number): number {
  const high = Math.floor(a / 2 ** 32) & Math.floor(b / 2 ** 32);
  return high * 2 ** 32 + ((a & b) >>> 0);
}
