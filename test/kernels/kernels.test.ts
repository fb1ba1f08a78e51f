/** Kernels of TF.js answer as the reference does, on cpu and wasm; all of them, on webgpu too, by `npm run evidence -- kernels`. */
import { getKernel, type KernelConfig, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { runs } from '../tier.js';
import type { Subject } from './case.js';
import { allCases, casesOf, SUBJECTS } from './cases.js';
import { OPEN } from './node-suites.js';
import type { Suite } from './suite.js';

/** How many cases are tried of each that there is. */
const SHARE = runs(allCases().length, 2_500) / allCases().length;

/** Some cases of a subject, evenly chosen. */
const someOf = (subject: Subject) => casesOf(subject).filter((_, place) => Math.floor(place * SHARE) !== Math.floor((place - 1) * SHARE));

/** The cases that are not right, and how many the writer refuses. */
async function outcomeOf(suite: Suite, subject: Subject, cases = someOf(subject)) {
  const wrong: string[] = [];
  let refused = 0;
  for (const each of cases) {
    const { kind, message } = await suite.verdictOf(each);
    if (kind === 'refused') refused++;
    else if (kind !== 'right') wrong.push(`${each.id}: ${message}`);
  }
  return { wrong, refused, tried: cases.length };
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let suite: Suite;
  beforeAll(async () => {
    suite = await OPEN[backend]();
  });
  afterAll(() => suite.dispose());

  it.each(SUBJECTS)('%s answers as the reference', async (subject) => {
    const { wrong, refused, tried } = await outcomeOf(suite, subject);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(refused);
  });
});

type Spoil = (value: number, index: number, values: Float32Array) => number;

/** Spoils what a kernel of the cpu backend computes while `use` runs. */
async function withBroken(kernelName: string, spoil: Spoil, use: () => Promise<void>): Promise<void> {
  const config = getKernel(kernelName, 'cpu') as KernelConfig;
  unregisterKernel(kernelName, 'cpu');
  registerKernel({
    ...config,
    kernelFunc: (parameters) => {
      const output = config.kernelFunc(parameters) as TensorInfo;
      const { data } = parameters.backend as unknown as { readonly data: { get(id: object): { readonly values: Float32Array } } };
      const { values } = data.get(output.dataId);
      values.set(values.slice().map(spoil));
      return output;
    },
  });
  try {
    await use();
  } finally {
    unregisterKernel(kernelName, 'cpu');
    registerKernel(config);
  }
}

/** A kernel, the op that it computes, and how its values are spoiled. */
const BROKEN: readonly (readonly [kernel: string, subject: Subject, spoil: Spoil])[] = [
  ['Add', 'add', (value) => value * (1 + 2 ** -13)],
  ['Transpose', 'transpose', (_value, index, values) => values.at(-1 - index) as number],
  ['Max', 'reduceMax', (value) => Math.max(value, 0)],
];

test.each(BROKEN)('a kernel %s that is broken on purpose is found', async (kernelName, subject, spoil) => {
  const suite = await OPEN.cpu();
  await withBroken(kernelName, spoil, async () => {
    const { wrong } = await outcomeOf(suite, subject);
    expect(wrong.length).toBeGreaterThan(0);
  });
  suite.dispose();
});
