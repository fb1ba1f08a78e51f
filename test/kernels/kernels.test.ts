/** Every op that the writer knows, written for TF.js and run on its cpu backend, answers as the reference does. */
import { getKernel, type KernelConfig, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { PannierError } from '../../src/base/errors.js';
import type { Engine } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import type { Subject } from './case.js';
import { casesOf, SUBJECTS } from './cases.js';
import { differenceOf } from './compare.js';
import { answersOn, expectedOf } from './run.js';

let cpu: Engine;
beforeAll(async () => {
  cpu = await start({});
});

/** Subjects of which the writer refuses every case so far. */
const UNWRITTEN: readonly Subject[] = [
  ...(['bitwiseAnd', 'gather', 'gatherElements', 'gatherND', 'scatterND', 'scatterElements', 'oneHot', 'topK', 'nonzero'] as const),
  ...(['nonMaxSuppression', 'cropAndResize', 'conv2d', 'convTranspose2d', 'averagePool2d', 'maxPool2d', 'l2Pool2d'] as const),
  ...(['batchNormalization', 'layerNormalization', 'instanceNormalization', 'localResponseNormalization', 'resample2d'] as const),
];

/** The cases of a subject that are wrong on the cpu backend, and how many the writer refuses. */
async function wrongOf(subject: Subject): Promise<{ readonly wrong: readonly string[]; readonly refused: number; readonly tried: number }> {
  const wrong: string[] = [];
  let refused = 0;
  for (const { id, graph, feeds } of casesOf(subject)) {
    const wanted = expectedOf(graph, feeds);
    try {
      const got = await answersOn(cpu, graph, feeds);
      const off = wanted.flatMap((each, index) => differenceOf(each, got[index] as (typeof got)[number]) ?? []);
      if (off.length > 0) wrong.push(`${id}: ${off.join('; ')}`);
    } catch (thrown) {
      const { code, message } = thrown as PannierError;
      if (code === 'model-format') refused++;
      else wrong.push(`${id}: ${message}`);
    }
  }
  return { wrong, refused, tried: casesOf(subject).length };
}

describe('on cpu', () => {
  const written = SUBJECTS.filter((subject) => !UNWRITTEN.includes(subject));

  it.each(written)('%s answers as the reference', async (subject) => {
    const { wrong, refused, tried } = await wrongOf(subject);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(refused);
  });

  it.each(UNWRITTEN)('%s is refused by name', async (subject) => {
    const { wrong, refused } = await wrongOf(subject);
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(0);
  });
});

/** Spoils what a kernel of the cpu backend computes while `use` runs. */
async function withBroken(kernelName: string, spoil: (values: Float32Array) => unknown, use: () => Promise<void>): Promise<void> {
  const config = getKernel(kernelName, 'cpu') as KernelConfig;
  unregisterKernel(kernelName, 'cpu');
  registerKernel({
    ...config,
    kernelFunc: (parameters) => {
      const output = config.kernelFunc(parameters) as TensorInfo;
      const { data } = parameters.backend as unknown as { readonly data: { get(id: object): { readonly values: Float32Array } } };
      spoil(data.get(output.dataId).values);
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
const BROKEN: readonly (readonly [kernel: string, subject: Subject, spoil: (values: Float32Array) => unknown])[] = [
  ['Add', 'add', (values) => values.set([(values.at(-1) ?? 0) * 1.001 + 1], Math.max(0, values.length - 1))],
  ['Transpose', 'transpose', (values) => values.reverse()],
  ['Max', 'reduceMax', (values) => values.fill(0)],
];

test.each(BROKEN)('a kernel %s that is broken on purpose is found', async (kernelName, subject, spoil) => {
  await withBroken(kernelName, spoil, async () => {
    const { wrong } = await wrongOf(subject);
    expect(wrong.length).toBeGreaterThan(0);
  });
});
