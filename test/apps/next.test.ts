/** Next.js 16, as it comes: Turbopack builds, a server renders, the browser predicts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launch } from '../harness/browser.js';
import { type Site, serve } from '../harness/site.js';
import { evidenceTest, longTest } from '../tier.js';
import { ANSWER, type App, CONFIG, expectAnswer, makeApp, SHOW } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

const root = join(import.meta.dirname, '../..');
const NEXT = join(root, 'node_modules/next/dist/bin/next');

let browser: Browser;
let reports: Site;
beforeAll(async () => {
  process.env['NEXT_TELEMETRY_DISABLED'] = '1';
  reports = await serve({});
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await reports?.close();
});

/** What Next's own guide allows without a nonce: inline scripts and styles. All the rest is as strict as it gets. */
const policy = () =>
  [
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "worker-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    `report-uri ${reports.url}/.violations`,
  ].join('; ');

const site = (basePath: string) => ({
  'package.json': JSON.stringify({ name: 'site', private: true, type: 'module' }),
  'pannier.config.mjs': CONFIG,
  'next.config.mjs': `
export default {
  basePath: '${basePath}',
  turbopack: { root: ${JSON.stringify(root)} },
  headers: async () => [{ source: '/:path*', headers: [{ key: 'Content-Security-Policy', value: ${JSON.stringify(policy())} }] }],
};`,
  'public/favicon.ico': '',
  'src/app/layout.js': `export const metadata = { icons: '${basePath}/favicon.ico' };

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}`,
  'src/app/page.js': `import { PannierError } from 'pannier';
import add from '../models/add/model.js';
import { Answer } from './answer.js';

export default function Page() {
  return <main><p id="server">{\`\${add.name} takes \${Object.keys(add.signature.inputs)}; \${typeof PannierError}\`}</p><Answer /></main>;
}`,
  'src/app/answer.js': `'use client';
import { useEffect, useRef } from 'react';
${SHOW.replace('./models', '../models')}
export function Answer() {
  const ref = useRef(null);
  useEffect(() => void show(ref.current), []);
  return <output ref={ref} />;
}`,
  'src/app/server/route.js': `import { loadModel } from 'pannier';
import add from '../../models/add/model.js';

export const dynamic = 'force-dynamic';

export async function GET({ url: page }) {
  try {
    const model = await loadModel(add, page.includes('?host') ? { assetUrl: (name, url) => new URL(url, page).href } : {});
    const { outputs } = await model.predict({ x: Float32Array.of(1, 2, 3, 4) });
    return new Response(outputs.sumY.data.join(' '));
  } catch (error) {
    return new Response(error.code + ': ' + error.message);
  }
}`,
});

/** Runs \`next start\` until \`use\` is done. @returns what the server printed */
async function serving(app: App, use: (url: string) => Promise<void>): Promise<string> {
  const server = spawn(process.execPath, [NEXT, 'start', '-H', '127.0.0.1', '-p', '0'], { cwd: app.folder });
  let log = '';
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const read = (text: Buffer) => {
        log += text;
        const [, url] = log.match(/Local:\s+(http:\S+)[\s\S]*Ready/) ?? [];
        if (url !== undefined) resolve(url);
      };
      server.stdout.on('data', read);
      server.stderr.on('data', read);
      server.once('exit', () => reject(new Error(`next start ended: ${log}`)));
    });
    await use(url);
  } finally {
    server.kill();
    await ended;
  }
  return log;
}

/** @param onServer what a route handler answers by itself */
async function expectBuilt(bundler: 'turbopack' | 'webpack', basePath: string, onServer: string | RegExp): Promise<void> {
  const app = makeApp(`next-${bundler}`, site(basePath));
  app.pack();
  app.node(NEXT, 'build', ...(bundler === 'webpack' ? ['--webpack'] : []));
  expectAssetsOnce(join(app.folder, '.next/static'), join(app.folder, 'src/models/add'));
  const log = await serving(app, async (origin) => {
    const url = origin + basePath;
    expect(await (await fetch(url)).text()).toContain('<p id="server">add takes x; function</p>');
    // React and Next's router are scripts, too.
    await expectOneBackend(await expectAnswer(browser, url), 1_000_000);
    expect(await (await fetch(`${url}/server`)).text()).toMatch(onServer);
    expect(await (await fetch(`${url}/server?host`)).text()).toBe(ANSWER);
  });
  expect(log).not.toMatch(/error|warn|⨯|⚠|Filter/i);
  expect(reports.violations).toEqual([]);
}

longTest(
  'Next.js, built by Turbopack, renders on the server and answers in the browser',
  () => expectBuilt('turbopack', '', ANSWER),
  200_000,
);

// There the server knows the model's files by the browser's path alone.
evidenceTest(
  'Next.js, built by webpack at a path, renders on the server and answers in the browser',
  () => expectBuilt('webpack', '/shop', /^options: .* pass assetUrl/),
  200_000,
);
