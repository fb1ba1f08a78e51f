/** Half-precision floats: each of the 65,536 there are, and what lies between them. */
import { describe, expect, it } from 'vitest';
import { roundToHalf, widen } from '../../src/base/float16.js';

/** All halves that are finite and not negative, in order: 0, 2^-24, …, 65,504. */
const HALVES = widen(Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits));

const rounded = (values: readonly number[]): Float32Array => {
  const result = new Float32Array(values);
  roundToHalf(result);
  return result;
};

describe('widen', () => {
  it('knows the numbers that the standard names', () => {
    expect([...widen(Uint16Array.of(0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00))]).toEqual([
      0,
      -0,
      2 ** -24,
      2 ** -14 - 2 ** -24,
      2 ** -14,
      1,
      65_504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(widen(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });
});

describe('roundToHalf', () => {
  it('leaves halves as they are, of both signs', () => {
    expect(rounded([...HALVES])).toEqual(HALVES);
    expect(rounded([...HALVES].map((value) => -value))).toEqual(HALVES.map((value) => -value));
    const others = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    expect([...rounded(others)]).toEqual(others);
  });

  it('takes the nearest half, and the even one of two that are as near', () => {
    const [middles, below, above, even] = [[], [], [], []] as [number[], number[], number[], number[]];
    const bits = new Uint32Array(1);
    const view = new Float32Array(bits.buffer);
    const neighbour = (value: number, by: number): number => {
      view[0] = value;
      bits[0] = (bits[0] as number) + by;
      return view[0];
    };
    for (let index = 0; index + 1 < HALVES.length; index++) {
      const middle = ((HALVES[index] as number) + (HALVES[index + 1] as number)) / 2;
      middles.push(middle);
      below.push(neighbour(middle, -1));
      above.push(neighbour(middle, 1));
      even.push(HALVES[index + (index % 2)] as number);
    }
    expect(rounded(middles)).toEqual(new Float32Array(even));
    expect(rounded(below)).toEqual(HALVES.slice(0, -1));
    expect(rounded(above)).toEqual(HALVES.slice(1));
    expect(rounded(above.map((value) => -value))).toEqual(HALVES.slice(1).map((value) => -value));
  });

  it('becomes infinite half a step beyond the greatest', () => {
    expect([...rounded([65_519.996, 65_520, -65_520, 1e30])]).toEqual([
      65_504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });
});
