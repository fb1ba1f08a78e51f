/** The error function in float64. */

/** From here on the series loses digits of erfc by cancellation, and the continued fraction converges well. */
const SERIES_END = 2;
/** Beyond it, erfc is below the least positive float64. */
const ERFC_END = 27;
/** The depth that gives the continued fraction about 15 digits from {@link SERIES_END} on. */
const FRACTION_DEPTH = 60;

/** The error function. NaN stays NaN. */
export function erf(x: number): number {
  const size = Math.abs(x);
  return size > SERIES_END ? Math.sign(x) * (1 - upperTail(size)) : series(x);
}

/** 1 - erf(x), exact for a large x, too. NaN stays NaN. */
export function erfc(x: number): number {
  if (Math.abs(x) > SERIES_END) return x > 0 ? upperTail(x) : 2 - upperTail(-x);
  return 1 - series(x);
}

/** erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > Math.abs(sum) * 2 ** -54; odd += 2) {
    term *= (2 * x * x) / odd;
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) for x > 2 by its continued fraction: Abramowitz and Stegun, 7.1.14. */
function upperTail(x: number): number {
  if (x > ERFC_END) return 0;
  let denominator = x;
  for (let depth = FRACTION_DEPTH; depth > 0; depth--) denominator = x + depth / 2 / denominator;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * denominator);
}
