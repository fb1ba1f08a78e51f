/** The samples of docs/react.md, with React's development build, under StrictMode, in a real browser. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaintsOf, launch, openPage } from '../harness/browser.js';
import { type Site, serve } from '../harness/site.js';
import { indexHtml, makeApp } from './app.js';

/** A sample of the page, by the file name in its first line. */
const sample = (name: string): string => {
  const samples = [...readFileSync('docs/react.md', 'utf8').matchAll(/^```tsx?\n\/\/ (\S+)\n([\s\S]*?)^```/gm)];
  const code = samples.find(([, each]) => each === name)?.[2];
  if (code === undefined) throw new Error(`docs/react.md has no sample ${name}`);
  return code;
};

/** What a test may call in the page. */
declare global {
  function mount(src: string): void;
  function unmount(): void;
}

/** `mount` and `unmount`, an error boundary that shows what it gets, a count of effects, and a list of unhandled rejections. */
const MAIN = `
import { Component, StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { Nose } from './Nose';

class Boundary extends Component {
  state = {};
  static getDerivedStateFromError(error) { return { error }; }
  render() { return this.state.error === undefined ? this.props.children : <p>{String(this.state.error.code)}</p>; }
}
globalThis.effects = 0;
function Counter() {
  useEffect(() => void effects++, []);
  return null;
}
globalThis.unhandled = [];
addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)));
let root;
globalThis.mount = (src) => {
  root = createRoot(document.querySelector('main'));
  root.render(<StrictMode><Boundary><Nose src={src} /></Boundary><Counter /></StrictMode>);
};
globalThis.unmount = () => root.unmount();
`;

let browser: Browser;
let site: Site;

beforeAll(async () => {
  const app = makeApp('react', {
    'useModel.ts': sample('useModel.ts'),
    'Nose.tsx': sample('Nose.tsx'),
    'main.jsx': MAIN,
    'index.html': indexHtml('/main.jsx').replace('<output></output>', '<main></main>'),
    'vite.config.mjs': "import { pannier } from 'pannier/vite';\nexport default { plugins: [pannier()] };",
  });
  cpSync('examples/pose/model', join(app.folder, 'models/pose'), { recursive: true });
  // Only React's development build runs effects twice.
  await build({ root: app.folder, mode: 'development', define: { 'process.env.NODE_ENV': "'development'" }, logLevel: 'error' });
  site = await serve({ '/': join(app.folder, 'dist'), '/fixtures': 'test/fixtures' });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** How many models are open: each has a Web Lock. */
const openModels = (page: Page) =>
  page.evaluate(async () => (await navigator.locks.query()).held?.filter(({ name }) => name?.startsWith('pannier model ')).length);

const says = (page: Page, text: RegExp) =>
  page.waitForFunction((wanted) => new RegExp(wanted).test(document.querySelector('main')?.textContent ?? ''), text.source);

async function expectQuiet(page: Page): Promise<void> {
  expect(await page.evaluate(() => (globalThis as unknown as { unhandled: string[] }).unhandled)).toEqual([]);
  expect(await complaintsOf(page)).toEqual({ violations: [], consoleErrors: [], pageErrors: [] });
}

test('a component under StrictMode loads its model once, answers, and leaves none open, as often as it is mounted', async () => {
  const page = await openPage(browser, `${site.url}/`);
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => mount('/fixtures/astronaut.webm'));
    await says(page, /^\d+, \d+$/);
    expect(await openModels(page)).toBe(1);
    await page.evaluate(() => unmount());
    await expect.poll(() => openModels(page)).toBe(0);
  }
  // StrictMode was on: every effect ran twice.
  expect(await page.evaluate(() => (globalThis as unknown as { effects: number }).effects)).toBe(6);
  const asked = site.requests.map(({ path }) => path).filter((path) => /\/(compiled|tfjs|weights|golden)-[0-9a-f]{16}/.test(path));
  expect(asked).toHaveLength(5);
  await expectQuiet(page);
  await page.close();
});

test('a component that is unmounted while its model loads aborts the load, and a later one loads it', async () => {
  const context = await browser.newContext();
  const page = await openPage(context, `${site.url}/`);
  const stopStalling = site.fault(/weights-/, { stall: 'body' });
  const before = site.requests.length;
  await page.evaluate(() => mount('/fixtures/astronaut.webm'));
  await expect.poll(() => site.requests.slice(before).filter(({ path }) => path.includes('weights-')).length).toBeGreaterThan(0);
  await page.evaluate(() => unmount());
  await expect.poll(() => openModels(page)).toBe(0);
  stopStalling();
  await page.evaluate(() => {
    mount('/fixtures/astronaut.webm');
    unmount();
    mount('/fixtures/astronaut.webm');
  });
  await says(page, /^\d+, \d+$/);
  expect(await openModels(page)).toBe(1);
  await expectQuiet(page);
  await context.close();
});

test('an error boundary gets what fails: a load, and a video', async () => {
  const context = await browser.newContext();
  const page = await openPage(context, `${site.url}/`);
  await page.evaluate(() => mount('/fixtures/none.webm'));
  await says(page, /^input$/);
  expect(await openModels(page)).toBe(0);
  const stopFailing = site.fault(/\/compiled-[0-9a-f]{16}/, { status: 404 });
  const other = await openPage(await browser.newContext(), `${site.url}/`);
  await other.evaluate(() => mount('/fixtures/astronaut.webm'));
  await says(other, /^http-status$/);
  stopFailing();
  expect(await other.evaluate(() => (globalThis as unknown as { unhandled: string[] }).unhandled)).toEqual([]);
  await other.context().close();
  await context.close();
});
