/** A pnpm workspace: a package holds a component with its model, and an app built by Vite uses the component. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { build, createServer, type InlineConfig, type Plugin } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeModel } from '../fixtures/models.js';
import { launch } from '../harness/browser.js';
import { serve } from '../harness/site.js';
import { longTest } from '../tier.js';
import { appModel, CONFIG, expectAnswer, type Folder, indexHtml, makeFolder, packedTarball, SHOW } from './app.js';
import { expectAssetsOnce, expectOneBackend } from './emitted.js';

const root = join(import.meta.dirname, '../..');
const PNPM = join(root, 'node_modules/pnpm/bin/pnpm.mjs');

const manifest = (fields: object) => JSON.stringify({ version: '1.0.0', private: true, type: 'module', ...fields });

let browser: Browser;
let workspace: Folder;
let site: string;
let viewer: string;

/** As `pnpm install` lays it out: a package finds what it names, and nothing else. */
beforeAll(async () => {
  browser = await launch();
  const pannier = `file:${packedTarball()}`;
  workspace = makeFolder('workspace', {
    'package.json': manifest({ name: 'workspace' }),
    'pnpm-workspace.yaml': `
packages: ['packages/*', 'apps/*']
storeDir: ${JSON.stringify(join(root, '.cache/pnpm-store'))}
preferOffline: true
ignoreScripts: true
`,
    'packages/viewer/package.json': manifest({
      name: 'viewer',
      exports: './src/viewer.js',
      scripts: { pack: 'pannier pack' },
      dependencies: { pannier },
    }),
    'packages/viewer/pannier.config.mjs': CONFIG,
    'packages/viewer/src/viewer.js': `${SHOW}\nexport { show };`,
    'apps/site/package.json': manifest({ name: 'site', dependencies: { viewer: 'workspace:*' }, devDependencies: { pannier } }),
    'apps/site/src/main.js': "import { show } from 'viewer';\nshow(document.querySelector('output'));",
    'apps/site/index.html': indexHtml('/src/main.js'),
    'apps/site/public/favicon.ico': '',
  });
  site = join(workspace.folder, 'apps/site');
  viewer = join(workspace.folder, 'packages/viewer');
  writeModel(appModel(), join(viewer, 'training'));
  workspace.node(PNPM, 'install');
}, 120_000);
afterAll(() => browser?.close());

/** The app's own copy of it, as its `vite.config.mjs` would import it. */
async function plugin(options: object = {}): Promise<Plugin> {
  const { pannier } = await import(pathToFileURL(join(site, 'node_modules/pannier/dist/vite.js')).href);
  return pannier(options);
}

async function expectBuilt(config: InlineConfig): Promise<void> {
  await build({ root: site, logLevel: 'error', ...config });
  expectAssetsOnce(join(site, 'dist'), join(viewer, 'src/models/add'));
  const served = await serve({ '/': join(site, 'dist') });
  await expectOneBackend(await expectAnswer(browser, `${served.url}/index.html`));
  await served.close();
}

async function expectServed(config: InlineConfig): Promise<void> {
  const server = await createServer({ ...config, root: site, logLevel: 'silent', server: { port: 0, host: '127.0.0.1' } });
  await server.listen();
  await expectAnswer(browser, server.resolvedUrls?.local[0] as string);
  await server.close();
}

test('a packed model is built into an app that has no config', async () => {
  workspace.node(PNPM, '--filter', 'viewer', 'run', 'pack');
  expect(readdirSync(join(site, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['pannier', 'viewer']);
  await expectBuilt({ plugins: [await plugin()] });
});

test('without the plugin one setting will do', () => expectBuilt({ build: { assetsInlineLimit: 0 } }));

longTest('a dev server without the plugin answers', () => expectServed({}));

const PACKS = { config: '../../packages/viewer/pannier.config.mjs' };

test('the plugin of an app packs by the config of the package', async () => {
  rmSync(join(viewer, 'src/models'), { recursive: true });
  await expectBuilt({ plugins: [await plugin(PACKS)] });
});

longTest('a dev server packs by the config of the package, too', async () => {
  rmSync(join(viewer, 'src/models'), { recursive: true });
  await expectServed({ plugins: [await plugin(PACKS)] });
});
