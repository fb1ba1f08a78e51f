/** The error function in float64, against mpmath. */
import { expect, it } from 'vitest';
import { erf, erfc } from '../../src/engines/reference/error-function.js';

/** x, erf(x) and erfc(x), computed by mpmath 1.x with 40 digits. */
const KNOWN = [
  [1e-300, 1.1283791670955126e-300, 1.0],
  [1e-8, 1.1283791670955126e-8, 0.9999999887162083],
  [0.3, 0.3286267594591274, 0.6713732405408726],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [1.9999, 0.9953201979070294, 0.004679802092970608],
  [2, 0.9953222650189527, 0.004677734981047266],
  [2.0001, 0.9953243313041966, 0.0046756686958033394],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [4, 0.9999999845827421, 1.541725790028002e-8],
  [5.5, 0.9999999999999927, 7.357847917974398e-15],
  [8, 1.0, 1.1224297172982926e-29],
  [15, 1.0, 7.212994172451207e-100],
  [26.5, 1.0, 2.2109076642637343e-307],
] as const;

it.each(KNOWN)('of %d', (x, wanted, complement) => {
  expect(Math.abs(erf(x) / wanted - 1)).toBeLessThan(1e-15);
  expect(Math.abs(erf(-x) / wanted + 1)).toBeLessThan(1e-15);
  expect(Math.abs(erfc(x) / complement - 1)).toBeLessThan(1e-13);
  expect(Math.abs(erfc(-x) / (1 + wanted) - 1)).toBeLessThan(1e-15);
});

it('at the ends', () => {
  expect([erf(0), erf(-0), erf(Number.POSITIVE_INFINITY), erf(Number.NEGATIVE_INFINITY), erf(Number.NaN)]).toEqual([
    0,
    -0,
    1,
    -1,
    Number.NaN,
  ]);
  expect([erfc(0), erfc(28), erfc(Number.POSITIVE_INFINITY), erfc(Number.NEGATIVE_INFINITY), erfc(Number.NaN)]).toEqual([
    1,
    0,
    0,
    2,
    Number.NaN,
  ]);
});
