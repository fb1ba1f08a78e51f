/** The benchmarks run; what they measure is for evidence, on a machine at rest. Those that take a minute and more run there alone. */
import { expect } from 'vitest';
import { run as compiled } from '../../bench/compiled.mjs';
import { run as first } from '../../bench/first.mjs';
import { run as frames } from '../../bench/frames.mjs';
import { run as load } from '../../bench/load.mjs';
import { run as overhead } from '../../bench/overhead.mjs';
import { evidenceTest, longTest } from '../tier.js';

/** They keep both cores of a machine busy, and may not have them for themselves. */
const LIMIT = { timeout: 300_000 };

evidenceTest('compiled compares answers and times with each rival that runs a model', LIMIT, async () => {
  const { rows, geometricMeans } = await compiled(3, 'selfie', 'pp-ocr-cls');
  expect(rows.map(({ differences }) => Object.keys(differences))).toEqual([
    ['simd', 'tfjs', 'tfjsTuned', 'onnxruntime', 'litert'],
    ['simd', 'tfjsTuned', 'onnxruntime'],
  ]);
  for (const { rounds, ratios } of rows) {
    expect(rounds.kept).toBeGreaterThan(0);
    for (const { median } of Object.values(ratios)) expect(median).toBeGreaterThan(0);
  }
  expect(geometricMeans.pairs['litert']).toMatchObject({ models: 1 });
});

evidenceTest('first compares all backends with wasm alone, and comes back', LIMIT, async () => {
  const { plain, isolated, doctor } = await first(1);
  for (const { ratio, trials } of [plain, isolated]) {
    expect(ratio).toMatch(/^\d+\.\d+ \[/);
    expect(trials).toMatchObject([
      { began: 'wasm', secondVisit: { began: trials[0]?.chosen, workers: [trials[0]?.chosen], allRemembered: true } },
    ]);
  }
  expect(Object.keys(doctor.p50Ms)).toContain(doctor.fastest);
});

longTest('load compares first and second visits', LIMIT, async () => {
  const { firstVisit, secondVisit, offlineStart, slowLine } = await load(1);
  for (const visit of [firstVisit, secondVisit, offlineStart, slowLine]) expect(visit.ratio).toMatch(/^\d+\.\d+ \[/);
  expect(slowLine.overlapped['exposedMs']).toBeGreaterThan(0);
  expect(secondVisit.sharesMs['goldenMs']).toBe(0);
});

longTest('overhead compares with the raw graph model', LIMIT, async () => {
  const { aroundNothingMs, rawRatio } = await overhead(2);
  expect(aroundNothingMs.median).toBeGreaterThan(0);
  expect(rawRatio).toMatch(/^\d+\.\d+ \[/);
});

evidenceTest('frames tells whose thread made one late', LIMIT, async () => {
  const { firstVisit, secondVisit, rival } = await frames(1, 3);
  for (const phases of [firstVisit, secondVisit]) {
    expect(Object.keys(phases)).toEqual(['idle', 'load', 'trial', 'predicts']);
    for (const { frames, lateByOwnThread } of Object.values(phases)) expect([frames > 0, lateByOwnThread]).toEqual([true, 0]);
  }
  expect(rival['idle']?.lateByOwnThread).toBe(0);
  expect(rival['predicts']?.lateByOwnThread).toBeGreaterThan(0);
});
