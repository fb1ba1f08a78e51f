/** The harness itself: a browser that is what we think it is, a policy that bites, faults that happen. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOf, expectNoViolations, launch, openPage } from './browser.js';
import { type Site, serve } from './site.js';

let browser: Browser;
let site: Site;

beforeAll(async () => {
  browser = await launch({ webgpu: true });
  site = await serve({ '/': 'test/harness' });
  site.put('/page.html', '<!doctype html><title>page</title><script type="module" src="/page.js"></script>');
  site.put('/page.js', 'globalThis.pageRan = true;');
  site.put('/worker.js', "fetch('http://localhost:9/').catch(() => postMessage('blocked'));");
  site.put(
    '/numbers.bin',
    Uint8Array.from({ length: 1000 }, (_, index) => index & 255),
  );
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test('a page runs under the strict policy and can be asked', async () => {
  const page = await openPage(browser, `${site.url}/page.html`);
  expect(await page.evaluate(() => 'pageRan' in globalThis && isSecureContext && !crossOriginIsolated)).toBe(true);
  expect(site.requests.map(({ path, status }) => `${status} ${path}`)).toEqual(['200 /page.html', '200 /page.js']);
  await expectNoViolations(page);
  await page.close();
});

test('the browser has WebGPU', async () => {
  const page = await openPage(browser, `${site.url}/page.html`);
  expect(await page.evaluate(async () => (await navigator.gpu.requestAdapter())?.info.architecture)).toBe('swiftshader');
  await page.close();
});

test('violations of a page and of its workers are heard', async () => {
  const page = await openPage(browser, `${site.url}/page.html`);
  await page.evaluate(() => fetch('http://localhost:9/').catch(() => undefined));
  await page.evaluate(async () => {
    interface Policy {
      createScriptURL(url: string): string;
    }
    type Factory = { createPolicy(name: string, rules: Policy): Policy };
    const { trustedTypes } = globalThis as unknown as { trustedTypes: Factory };
    const policy = trustedTypes.createPolicy('pannier', { createScriptURL: (url) => url });
    const worker = new Worker(policy.createScriptURL('/worker.js'), { type: 'module' });
    await new Promise((resolve) => worker.addEventListener('message', resolve));
  });
  const { violations } = await complaintsOf(page);
  expect(violations.filter((text) => text.startsWith('connect-src http://localhost:9')).length).toBeGreaterThanOrEqual(3);
  expect(violations.some((text) => text.includes('/worker.js'))).toBe(true);
  site.violations.length = 0;
  await page.close();
});

test('an isolated site is isolated', async () => {
  const isolated = await serve({}, { isolated: true });
  isolated.put('/', '<!doctype html>');
  const page = await openPage(browser, `${isolated.url}/`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.close();
  await isolated.close();
});

test('faults happen once asked for, and end', async () => {
  const read = () =>
    fetch(`${site.url}/numbers.bin`).then(async (response) => `${response.status} ${(await response.arrayBuffer()).byteLength}`);
  const during = async (fault: Parameters<Site['fault']>[1]) => {
    const end = site.fault(/numbers\.bin$/, fault);
    const answer = await read().catch(() => 'failed');
    end();
    return answer;
  };
  expect(await during({ status: 503 })).toBe('503 1000');
  expect(await during({ body: 'ab' })).toBe('200 2');
  expect(await during({ extraBytes: 7 })).toBe('200 1007');
  expect(await during({ edit: (body) => body.subarray(1) })).toBe('200 999');
  expect(await during({ truncate: 10 })).toBe('failed');
  expect(await during({ reset: true })).toBe('failed');
  expect(await during({ stall: 20 })).toBe('200 1000');
  expect(await during(({ count }) => (count === 2 ? { status: 500 } : undefined))).toBe('200 1000');
  for (const stall of ['headers', 'body'] as const) {
    const end = site.fault(/numbers\.bin$/, { stall });
    await expect(
      fetch(`${site.url}/numbers.bin`, { signal: AbortSignal.timeout(100) }).then((response) => response.arrayBuffer()),
    ).rejects.toThrow();
    end();
  }
  expect(await read()).toBe('200 1000');
});
