/** Bundles the two programs of a benchmark in TypeScript: `prepare.ts` makes files in Node, `page.ts` runs them in a browser. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles both programs of a folder into another one, from which the page is served as `page.js`.
 * @param modules more files, each a bundle of its own beside the page, which imports them by their names
 * @returns what `prepare.ts` exports
 */
export async function bundlePrograms(from, folder, modules = []) {
  mkdirSync(folder, { recursive: true });
  const shared = { bundle: true, format: 'esm', logLevel: 'warning' };
  const prepare = `${folder}/prepare.mjs`;
  await build({ ...shared, platform: 'node', packages: 'external', entryPoints: [`${from}/prepare.ts`], outfile: prepare });
  const entryPoints = [`${from}/page.ts`, ...modules];
  await build({ ...shared, platform: 'browser', target: 'es2023', entryPoints, entryNames: '[name]', outdir: folder });
  // The golden picture lies beside the packer.
  copyFileSync('src/pack/golden/golden.png', `${folder}/golden.png`);
  return import(pathToFileURL(prepare).href);
}
