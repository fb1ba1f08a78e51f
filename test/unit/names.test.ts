/** Names that differ: the wanted one where it is free, a number behind it where it is not, however many want the same. */
import { expect, it } from 'vitest';
import { Names } from '../../src/base/names.js';

it('gives the wanted name, then numbers behind it', () => {
  const names = new Names();
  expect(['a', 'a', 'a_1', 'a', 'b'].map((wanted) => names.take(wanted))).toEqual(['a', 'a_1', 'a_1_1', 'a_2', 'b']);
});

it('passes names that are refused', () => {
  const names = new Names();
  expect(['toString', 'toString'].map((wanted) => names.take(wanted, (name) => name in {}))).toEqual(['toString_1', 'toString_2']);
});

it('tries each number once', () => {
  const names = new Names();
  let asked = 0;
  for (let index = 0; index < 1000; index++) names.take('a', () => ++asked < 0);
  expect(asked).toBeLessThan(2100);
});
