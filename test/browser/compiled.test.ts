/** Modules with relaxed SIMD answer in a browser as the reference does; Node runs those without it (`test/compiled`). */
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { FLAGS, findChromium } from '../../scripts/browsers.mjs';
import { LONG_MS, runs } from '../tier.js';

test(
  'the relaxed build answers as the reference',
  async () => {
    const { outputFiles } = await build({
      ...{ entryPoints: ['test/compiled/page-program.ts'], bundle: true, format: 'esm', write: false, logLevel: 'warning' },
    });
    const browser = await chromium.launch({ executablePath: findChromium(), args: [...FLAGS] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: outputFiles[0]!.text, type: 'module' });
      await page.waitForFunction(() => 'problemsOfRelaxed' in globalThis);
      const every = Math.max(1, Math.round(20 / runs(20, 1)));
      type Program = { problemsOfRelaxed(every: number): Promise<{ tried: number; problems: string[] }> };
      const { tried, problems } = await page.evaluate((step) => (globalThis as unknown as Program).problemsOfRelaxed(step), every);
      expect(problems).toEqual([]);
      expect(tried).toBeGreaterThan(400);
    } finally {
      await browser.close();
    }
  },
  LONG_MS,
);
