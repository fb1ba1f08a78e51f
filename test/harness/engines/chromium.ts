/** Chromium through Playwright, with a GPU in software. */
import type { BrowserContext, Page } from 'playwright-core';
import { launch, launchProfile } from '../browser.js';
import { ASK_LIMIT_MS, type EngineBrowser, type EngineOptions, pageOf, TELL_VIOLATIONS } from './engine.js';

const LAUNCH = { webgpu: true, backForwardCache: true };

export async function launchChromium({ profile }: EngineOptions): Promise<EngineBrowser> {
  const start = async (): Promise<BrowserContext> => {
    const context = profile === undefined ? await (await launch(LAUNCH)).newContext() : await launchProfile(profile, LAUNCH);
    await context.addInitScript({ content: TELL_VIOLATIONS });
    return context;
  };
  let context = await start();
  const end = async () => {
    const browser = context.browser();
    await context.close();
    await browser?.close();
  };
  return {
    name: 'chromium',
    version: context.browser()?.version() ?? '',
    async openPage(url, { init } = {}) {
      const page = await context.newPage();
      page.setDefaultNavigationTimeout(4 * ASK_LIMIT_MS);
      if (init !== undefined) await page.addInitScript({ content: init });
      const complaints = heardFrom(page);
      await page.goto(url);
      return pageOf({
        open: async (to) => void (await page.goto(to)),
        reload: async () => void (await page.reload()),
        ask: (expression) => page.evaluate<string>(expression),
        complaints: () => complaints,
        close: () => page.close(),
      });
    },
    async restart() {
      if (profile === undefined) throw new Error('A browser without a profile has nothing to restart on.');
      await end();
      context = await start();
    },
    close: end,
  };
}

function heardFrom(page: Page): string[] {
  const heard: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && heard.push(message.text())));
  page.on('pageerror', ({ message }) => heard.push(message));
  return heard;
}
