/** Bundles the two programs of a benchmark in TypeScript: `prepare.ts` makes files in Node, `page.ts` runs them in a browser. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles both programs of a folder into another one, from which the page is served as `page.js`. @returns what `prepare.ts` exports */
export async function bundlePrograms(from, folder) {
  mkdirSync(folder, { recursive: true });
  const shared = { bundle: true, format: 'esm', logLevel: 'warning' };
  const prepare = `${folder}/prepare.mjs`;
  await build({ ...shared, platform: 'node', packages: 'external', entryPoints: [`${from}/prepare.ts`], outfile: prepare });
  await build({ ...shared, platform: 'browser', entryPoints: [`${from}/page.ts`], outfile: `${folder}/page.js` });
  // The golden picture lies beside the packer.
  copyFileSync('src/pack/golden/golden.png', `${folder}/golden.png`);
  return import(pathToFileURL(prepare).href);
}
