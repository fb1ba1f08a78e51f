/** A real Chromium for the tests, and pages in it that report whatever a policy or the console objects to. */
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { FLAGS, findChromium, SOFTWARE_WEBGPU } from '../../scripts/browsers.mjs';
import { siteOf } from './site.js';

export interface LaunchOptions {
  readonly webgpu?: boolean;
  readonly args?: readonly string[];
  /** Playwright turns it off. */
  readonly backForwardCache?: boolean;
}

/** For tests that crash the GPU's process: with so many, a browser would end itself. */
export const GPU_CRASHES = ['--disable-gpu-process-crash-limit'];

/** Starts Chromium; the caller closes it. */
export function launch(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch(launching(options));
}

/** Starts Chromium on a profile that is kept in a folder; the caller closes it. */
export function launchProfile(folder: string, options: LaunchOptions = {}): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, launching(options));
}

function launching({ webgpu = false, args = [], backForwardCache = false }: LaunchOptions) {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No Chromium here: run `npm test`, or set PANNIER_CHROMIUM.');
  return {
    executablePath,
    headless: true,
    args: [...FLAGS, ...(webgpu ? SOFTWARE_WEBGPU : []), ...args],
    ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
  };
}

/** Has the process of the GPU crash, for all pages of the browser. Resolves when it has. */
export async function crashGpu(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Browser.crashGpuProcess' as 'Browser.close');
  await session.detach();
}

declare global {
  /** For `page.evaluate`: Vitest rewrites an `import()` in a test's own code into something that no page has. */
  function importModule<Module>(url: string): Promise<Module>;
}

/** What a page has complained of since it was opened. */
export interface Complaints {
  /** From the page itself; what its workers violate, the site hears of. */
  readonly violations: string[];
  readonly consoleErrors: string[];
  readonly pageErrors: string[];
}

const complaints = new WeakMap<Page, Complaints>();

/** Opens an address in a page of its own; a browser gives it a fresh profile, a context its own one. */
export async function openPage(where: Browser | BrowserContext, url: string): Promise<Page> {
  const page = await where.newPage();
  const heard: Complaints = { violations: [], consoleErrors: [], pageErrors: [] };
  complaints.set(page, heard);
  page.on('console', (message) => {
    const text = message.text();
    const violation = text.match(/^pannier-test-violation (.*)/)?.[1];
    if (violation !== undefined) heard.violations.push(violation);
    else if (message.type() === 'error') heard.consoleErrors.push(text);
  });
  page.on('pageerror', (error) => heard.pageErrors.push(error.message));
  await page.addInitScript({ content: 'globalThis.importModule = (url) => import(url);' });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
      console.debug(`pannier-test-violation ${effectiveDirective} ${blockedURI} at ${sourceFile}:${lineNumber}`);
    });
  });
  await page.goto(url);
  return page;
}

/** What a page, and for its policies also its workers, has complained of until now. */
export async function complaintsOf(page: Page): Promise<Complaints> {
  const heard = complaints.get(page);
  if (heard === undefined) throw new Error('This page was not opened by openPage.');
  // Reports of workers are requests of their own, a little later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { ...heard, violations: [...heard.violations, ...(siteOf(page.url())?.violations ?? [])] };
}

/** Fails where the page, or a worker of its site, broke the content security policy. */
export async function expectNoViolations(page: Page): Promise<void> {
  expect((await complaintsOf(page)).violations).toEqual([]);
}
