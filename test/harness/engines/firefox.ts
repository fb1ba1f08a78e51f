/** A stock Firefox through WebDriver BiDi. */
import puppeteer from 'puppeteer-core';
import { findFirefox } from '../../../scripts/browsers.mjs';
import { ASK_LIMIT_MS, type EngineBrowser, type EngineOptions, pageOf, TELL_VIOLATIONS } from './engine.js';

export async function launchFirefox({ profile, privateWindow = false, storageLimitKiB = -1 }: EngineOptions): Promise<EngineBrowser> {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('No Firefox here: install firefox-esr, or set PANNIER_FIREFOX.');
  const start = () =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath,
      headless: true,
      timeout: 4 * ASK_LIMIT_MS,
      protocolTimeout: ASK_LIMIT_MS,
      ...(profile === undefined ? {} : { userDataDir: profile }),
      extraPrefsFirefox: {
        'browser.privatebrowsing.autostart': privateWindow,
        'dom.quotaManager.temporaryStorage.fixedLimit': storageLimitKiB,
      },
    });
  let browser = await start();
  return {
    name: 'firefox',
    version: (await browser.version()).replace(/^.*\//, ''),
    async openPage(url, { init } = {}) {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(TELL_VIOLATIONS);
      if (init !== undefined) await page.evaluateOnNewDocument(init);
      const complaints: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      page.on('pageerror', (thrown) => complaints.push(thrown instanceof Error ? thrown.message : String(thrown)));
      await page.goto(url);
      return pageOf({
        open: async (to) => void (await page.goto(to)),
        reload: async () => void (await page.reload()),
        ask: async (expression) => (await page.evaluate(expression)) as string,
        complaints: () => complaints,
        close: () => page.close(),
      });
    },
    async restart() {
      if (profile === undefined) throw new Error('A browser without a profile has nothing to restart on.');
      await browser.close();
      browser = await start();
    },
    close: () => browser.close(),
  };
}
