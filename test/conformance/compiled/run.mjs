/** All public models through the compiler: a line for each, then a summary. `npm run conformance -- --engine compiled [NAME…]`. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { MODELS, modelFile, OPTIONS } from '../models.mjs';
import { FILES } from '../onnx-files/files.mjs';

/** How far a value may be off, as a share of its output's largest magnitude or of 1. */
const TOLERANCE = 1e-4;

/** A distance is rounding if it is no more than this many times what the reference itself moves when the input moves by a millionth. */
const ROUNDING = 10;

/** Models that have to compile whole: of the graphs of TF.js, and of the files of ONNX. */
const WHOLE = { tfjs: 36, onnx: 6 };

const FOLDER = '.cache/conformance-compiled';

/** Networks that look for a text answer a picture without one by almost nothing. */
const pictureOf = (name) => (name.startsWith('pp-ocr') ? { goldenPicture: 'examples/ocr/golden.png' } : {});

/** A graph of TF.js and a file of ONNX may have the same name. */
const ALL = [
  ...MODELS.map((name) => ({ name, format: 'tfjs', options: { ...OPTIONS[name], model: modelFile(name) } })),
  ...Object.entries(FILES).map(([name, { file, inputs }]) => ({
    name,
    format: 'onnx',
    options: { model: file, inputs, ...pictureOf(name) },
  })),
];

/** @param names of models, default all; `passes`: enough of them compile whole, and all that compile hold against the reference */
export async function run(...names) {
  const { hold } = await program();
  const rows = [];
  for (const { name, format, options } of ALL.filter((each) => names.length === 0 || names.includes(each.name))) {
    const held = await hold(options);
    const holds = Object.values(held.distances ?? {}).every(({ share, nudged }) => share <= Math.max(TOLERANCE, ROUNDING * nudged));
    rows.push({ name, format, whole: held.hostOps?.length === 0, holds, ...held });
    console.log(lineOf(rows.at(-1)));
  }
  const whole = (format) => rows.filter((row) => row.whole && row.format === format).length;
  const wrong = rows.filter(({ holds }) => !holds).map(({ name }) => name);
  const counted = { whole: { tfjs: whole('tfjs'), onnx: whole('onnx') }, wrong };
  console.log(JSON.stringify(counted));
  const isEnough = names.length > 0 || Object.entries(WHOLE).every(([format, least]) => counted.whole[format] >= least);
  return { passes: wrong.length === 0 && isEnough, ...counted, rows };
}

/** Bundles and imports `hold.ts`. */
async function program() {
  mkdirSync(FOLDER, { recursive: true });
  const outfile = `${FOLDER}/hold.mjs`;
  const entryPoints = ['test/conformance/compiled/hold.ts'];
  await build({ bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'warning', entryPoints, outfile });
  // The golden picture lies beside the packer.
  copyFileSync('src/pack/golden/golden.png', `${FOLDER}/golden.png`);
  return import(pathToFileURL(outfile).href);
}

function lineOf({ name, format, refused, whole, hostOps, moduleBytes, compileMs, distances }) {
  const place = `${name.padEnd(26)} ${format.padEnd(4)}`;
  if (refused !== undefined) return `${place} refused: ${refused}`;
  const off = Object.entries(distances).map(
    ([build, { output, share, nudged }]) => `${build} ${share.toExponential(1)} (${output}; by rounding ${nudged.toExponential(1)})`,
  );
  const size = `${(moduleBytes / 1000).toFixed(0)} kB in ${compileMs} ms`;
  return `${place} ${whole ? 'whole' : `host: ${hostOps.join(', ')}`}, ${size}, off by ${off.join(', ')}`;
}
