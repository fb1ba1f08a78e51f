/** What the page `examples/backends` says of a race, from what a model says of its candidates. */
import { expect, test } from 'vitest';
import { headline, msText, racersOf, runsOf } from '../../examples/backends/state.js';
import type { Candidate } from '../../src/index.js';

const engine = 'tfjs';
const wasm: Candidate = {
  engine,
  backend: 'wasm',
  state: 'chosen',
  startMs: 90,
  openMs: 30.44,
  goldenMs: 1_240,
  goldenShareOff: 0,
  p50Ms: 25,
};
const slower: Candidate = { engine, backend: 'webgpu', state: 'slower', reason: 'too slow', goldenShareOff: 0.00123, p50Ms: 100 };
const refused: Candidate = { engine, backend: 'cpu', state: 'refused', reason: 'it is wrong' };
const untried: Candidate = { engine, backend: 'cpu', state: 'untried' };

test('bars are shares of the longest time, and only of those that were timed', () => {
  const racers = racersOf([wasm, slower, refused], true);
  expect(racers.map(({ name, verdict, time, length }) => [name, verdict, time, length])).toEqual([
    ['WebAssembly', 'runs the model', '25 ms a call', 0.25],
    ['WebGPU', 'right, but slower', '100 ms a call', 1],
    ['JavaScript', 'out', undefined, undefined],
  ]);
  expect(racers.map(({ reason }) => reason)).toEqual([undefined, 'too slow', 'it is wrong']);
});

test('only what was measured is told', () => {
  const [first, second, third] = racersOf([wasm, slower, refused], true);
  expect(first?.parts.map(({ label, text }) => `${label} ${text}`)).toEqual([
    'started in 90 ms',
    'model opened in 30.4 ms',
    'test picture in 1.2 s',
    'test values off 0 %',
  ]);
  expect(second?.parts).toEqual([{ label: 'test values off', text: '0.12 %' }]);
  expect(third?.parts).toEqual([]);
});

test('what was not tried waits until the race is over', () => {
  expect([false, true].map((isOver) => racersOf([wasm, untried], isOver)[1]?.verdict)).toEqual(['its turn comes', 'not tried']);
});

test.each<[string, readonly Candidate[], boolean, RegExp]>([
  ['while others are tried', [wasm, untried], false, /^WebAssembly was ready first/],
  ['after a race', [wasm, slower], true, /^WebAssembly is the fastest that is right/],
  ['where nobody else could', [wasm, refused], true, /no other could/],
  ['where it was known', [{ ...wasm, remembered: true }, slower], true, /won on an earlier visit/],
  ['where nothing runs', [refused], true, /Nothing here/],
])('the headline %s', (_when, selection, isOver, wanted) => {
  expect(headline(selection, isOver)).toMatch(wanted);
});

test('answers in a row are one piece of the strip', () => {
  expect(runsOf(['webgpu', 'webgpu', 'wasm', 'webgpu'])).toEqual([
    { backend: 'webgpu', count: 2 },
    { backend: 'wasm', count: 1 },
    { backend: 'webgpu', count: 1 },
  ]);
  expect([runsOf([]), msText(undefined), msText(4.5678)]).toEqual([[], undefined, '4.6 ms']);
});
