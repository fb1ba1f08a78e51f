/**
 * The compiler's modules against TF.js, LiteRT.js and onnxruntime-web, all in one page, in turns: each on the model in its own format,
 * onnxruntime-web on an export of the graph where there is no file of ONNX. Copies of inputs and outputs are included.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { machine } from '../scripts/machine.mjs';
import { FOLDERS, LIBRARIES, librariesOf } from './compiled/libraries.mjs';
import { MODELS, PUBLIC } from './compiled/models.mjs';
import { chartsOf, meansOf, rowOf, tableOf } from './compiled/report.mjs';
import { bundlePrograms } from './programs.mjs';
import { launch, serve } from './site.mjs';

const FOLDER = '.cache/bench/compiled';
const RESULTS = 'bench/results';

/** Timers are exact to 5 µs on an isolated page, to 100 µs elsewhere; and threads exist there alone. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/**
 * @param rounds that count; others are thrown away, for which new ones are run
 * @param named models, default all that somebody published
 */
export const run = (rounds = 15, ...named) => compare(named.length === 0 ? PUBLIC : named, rounds, 1);

/** @param threads of those rivals that take more than one */
export async function compare(names, rounds, threads) {
  const unknown = names.find((name) => !Object.hasOwn(MODELS, name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of the models: ${Object.keys(MODELS).join(', ')}`);
  const programs = await bundlePrograms('bench/compiled', FOLDER, LIBRARIES);
  writeFileSync(`${FOLDER}/index.html`, '<!doctype html><title>bench</title><body><script type="module" src="/page.js"></script>');
  const browser = await launch();
  const prepared = new Map();
  const rows = [];
  let site;
  try {
    for (const name of names) prepared.set(name, await written(name, programs, browser, threads));
    // A static host knows the files that were there when it started.
    site = await serve({ ...FOLDERS, '/': FOLDER }, {}, ISOLATION);
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.waitForFunction(() => 'measure' in globalThis);
    for (const [name, { libraries, constants }] of prepared) {
      const given = [name, libraries, rounds, constants];
      rows.push(rowOf(name, await page.evaluate(([...each]) => globalThis.measure(...each), given)));
      console.error(tableOf(rows.slice(-1)).split('\n').at(-1));
    }
  } finally {
    await browser.close();
    site?.close();
  }
  return {
    what: 'time of a rival / time of the compiled module, copies of inputs and outputs included; median of ratios [95 %]',
    threads,
    peakGflops: Math.max(...rows.map(({ peakGflops }) => peakGflops)),
    geometricMeans: meansOf(rows),
    rows,
  };
}

/** Keeps the rows, and draws all that are kept. */
export function report({ rows }) {
  const all = keep(rows, 'compiled');
  for (const [name, picture] of Object.entries(chartsOf(all))) writeFileSync(`${RESULTS}/${name}`, picture);
}

/** Prints a table, and puts the rows into a kept result in the place of those of the same models. @returns all rows that are kept there */
export function keep(rows, result) {
  console.log(tableOf(rows));
  const file = `${RESULTS}/${result}.json`;
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : [];
  const all = Object.keys(MODELS).flatMap((name) => [...rows, ...kept].find((row) => row.name === name) ?? []);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine: machine(), geometricMeans: meansOf(all), rows: all }, null, 2)}\n`);
  return all;
}

/** Writes a model's files where the page finds them. @returns the libraries that run it, and the values of inputs that are packed as constants */
async function written(name, { prepare, pack: packFolder }, browser, threads) {
  const { pack, files: own, original, feed, shapes, isPacked = false } = MODELS[name];
  const { files, about } = await prepare(pack, shapes);
  const values = await Promise.all(feed.map((make, index) => make(browser, about.inputs[index])));
  mkdirSync(`${FOLDER}/${name}`, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(`${FOLDER}/${name}/${file}`, bytes);
  writeFileSync(`${FOLDER}/${name}/inputs.bin`, Buffer.concat(values.map(({ data }) => Buffer.from(Float64Array.from(data).buffer))));
  if (isPacked) await packFolder({ ...pack, name, out: `${FOLDER}/${name}/packed` });
  const addresses = { tfjs: original, ...('exported.onnx' in files && { onnxruntime: `/${name}/exported.onnx` }) };
  for (const [library, path] of Object.entries(own)) {
    addresses[library] = `/${name}/${library}.model`;
    copyFileSync(path, `${FOLDER}${addresses[library]}`);
  }
  const constants = Object.entries(pack.inputs ?? {}).flatMap(([input, { constant }]) =>
    constant === undefined ? [] : [[input, constant]],
  );
  return {
    libraries: librariesOf(addresses, about.outputs.tfjs !== null, isPacked, threads),
    constants: Object.fromEntries(constants),
  };
}
