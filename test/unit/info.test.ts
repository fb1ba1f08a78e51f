/** What a model says about itself; which dates the packer and a load take. */
import { expect, it } from 'vitest';
import { isDate } from '../../src/base/date.js';
import { infoOf } from '../../src/predict/info.js';
import { fakeModel } from '../fixtures/fakes.js';

it('what a model says about itself has its version, and leaves out what the packer was not told', () => {
  const { manifest } = fakeModel();
  const { flops, controlFlow, version } = manifest;
  const bytes = expect.any(Number);
  expect(infoOf(manifest)).toEqual({ version, flops, controlFlow, bytes });
  const told = { license: 'MIT', source: 'here', packedAt: '2026-01-01', staleAfterDays: 90 };
  const drift = { output: 'y', edges: [0.5], counts: [1, 2], answers: 3 };
  expect(infoOf({ ...manifest, ...told, drift })).toEqual({
    ...{ version, flops, controlFlow, bytes, ...told, drift: { ...drift, values: undefined } },
  });
});

it.each<[unknown, boolean]>([
  ['2026-02-28', true],
  ['2024-02-29', true],
  ['2026-11-22T10:30Z', true],
  ['2026-11-22T10:30:59.123+14:00', true],
  ['2026-02-29', false],
  ['2026-02-31T10:00:00Z', false],
  ['2026-13-01', false],
  ['2026-11-22T10:30', false],
  ['2026-11-22T25:00Z', false],
  ['2026-11-22T10:30+99:00', false],
  ['22.11.2026', false],
  ['2026-1-1', false],
  ['2026', false],
  ['yesterday', false],
  [' 2026-11-22', false],
  [20261122, false],
  [new Date(0), false],
])('%j is a date that every browser reads alike: %s', (value, is) => expect(isDate(value)).toBe(is));
