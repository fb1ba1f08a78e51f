import { expect, it } from 'vitest';
import { describe } from '../../src/base/describe.js';

it.each([
  ['a\nb', '"a\\nb"'],
  ['\u007f\u009b2J', '"\\u{7f}\\u{9b}2J"'],
  ['\u202ea\u2028', '"\\u{202e}a\\u{2028}"'],
  ['é "x"', '"é \\"x\\""'],
  [[1, 2], 'an array of 2'],
  [{}, 'an object'],
  [new Float32Array(1), 'Float32Array'],
  ['y'.repeat(90), `"${'y'.repeat(76)}…`],
])('describes %j in one line', (value, text) => expect(describe(value)).toBe(text));
