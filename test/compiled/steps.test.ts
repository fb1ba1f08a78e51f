/** Steps of a compiled module, as a benchmark calls them one by one. */
import { expect, it } from 'vitest';
import { compile } from '../../src/engines/compiled/compile.js';
import { instantiate } from '../../src/engines/compiled/instance.js';
import { tensorOf } from '../../src/graph/constant.js';
import type { Constant, Graph } from '../../src/graph/graph.js';
import { allCases } from '../kernels/cases.js';

const { graph, feeds } = allCases().find(({ id }) => id.startsWith('softmax'))!;
const constants = new Map((graph as Graph).constants.map((each) => [each.value.name, each]));
const opened = (exportsSteps: boolean) =>
  instantiate(compile(graph, 'simd', { exportsSteps }).bytes, (name) => tensorOf(constants.get(name) as Constant));
const exportsOf = (exportsSteps: boolean): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(compile(graph, 'simd', { exportsSteps }).bytes)).map(({ name }) => name);

it('are exported only where they are asked for', () => {
  const { steps } = compile(graph, 'simd');
  expect(exportsOf(true).filter((name) => name.startsWith('step'))).toEqual(steps.map((_, index) => `step ${index}`));
  expect(exportsOf(false).filter((name) => name.startsWith('step'))).toEqual([]);
});

it('run one by one', async () => {
  const instance = await opened(true);
  instance.run(new Map(Object.entries(feeds)));
  instance.runStep(0);
  const closed = await opened(false);
  expect(() => closed.runStep(0)).toThrow(TypeError);
});
