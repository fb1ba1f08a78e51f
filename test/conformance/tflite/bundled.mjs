/** Bundles a module of tests with the sources that it tests, and imports it. */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** @param path of a module, from the root of the repository @returns its exports */
export async function bundled(path) {
  const outfile = join(root, '.cache', `${path.replaceAll('/', '-')}.mjs`);
  const entryPoints = [join(root, path)];
  await build({ entryPoints, outfile, bundle: true, packages: 'external', platform: 'node', format: 'esm', logLevel: 'warning' });
  return import(pathToFileURL(outfile).href);
}
