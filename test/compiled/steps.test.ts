/** Steps of a compiled module, as a benchmark calls them one by one. */
import { expect, it } from 'vitest';
import { compileModel } from '../../src/engines/compiled/compile-model.js';
import { allCases } from '../kernels/cases.js';
import { packed } from './compiled.js';

const { graph } = allCases().find(({ id }) => id.startsWith('softmax'))!;

const exportsOf = (exportsSteps: boolean): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(compileModel(packed(graph), 'simd', { exportsSteps }).bytes)).map(({ name }) => name);

it('are exported only where they are asked for', () => {
  const { steps } = compileModel(packed(graph), 'simd');
  expect(exportsOf(true).filter((name) => name.startsWith('step'))).toEqual(steps.map((_, index) => `step ${index}`));
  expect(exportsOf(false).filter((name) => name.startsWith('step'))).toEqual([]);
});
