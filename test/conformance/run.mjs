/** All 41 models on wasm, and on request some on a software WebGPU: a line for each output, then a summary. */

import { launch } from './browser.mjs';
import { WASM } from './causes.mjs';
import { conform } from './compare.mjs';
import { MODELS } from './models.mjs';

/** Models that have to hold for every output on wasm. */
const HOLD = 38;

/**
 * @param {{ models?: readonly string[], webgpu?: readonly string[], print?: (line: string) => void }} options
 * which ones, default all; which of them on webgpu too
 * @returns `passes`: enough of them hold on wasm, and whatever is off has a known cause
 */
export async function run({ models = MODELS, webgpu = [], print = console.log } = {}) {
  const browser = await launch();
  const rows = [];
  try {
    for (const name of models) {
      const backends = await conform(browser, name, ['wasm', ...(webgpu.includes(name) ? ['webgpu'] : [])]);
      for (const [backend, result] of Object.entries(backends)) {
        rows.push({ name, backend, holds: holds(result), ...result });
        for (const line of linesOf(name, backend, result)) print(line);
      }
    }
  } finally {
    await browser.close();
  }
  const off = rows.filter(({ holds }) => !holds);
  const unknown = off.filter((row) => row.backend !== 'wasm' || !explains(WASM[row.name], row));
  const held = models.length - off.filter(({ backend }) => backend === 'wasm').length;
  const passes = unknown.length === 0 && (models.length < MODELS.length || held >= HOLD);
  const causes = off.map((row) => [`${row.name} on ${row.backend}`, unknown.includes(row) ? 'not known' : WASM[row.name].cause]);
  print(`\n${held} of ${models.length} models hold for every output on wasm`);
  for (const [place, cause] of causes) print(`  ${place}: ${cause}`);
  return { passes, models: models.length, hold: held, causes: Object.fromEntries(causes), rows };
}

const holds = ({ refused, outputs = {} }) => refused === undefined && Object.values(outputs).every(({ share }) => share === 0);

/** Whether what is known of a model accounts for what was seen; where wasm is refused, cpu has to answer instead. */
function explains(known, { refused, instead, outputs = {} }) {
  if (known === undefined) return false;
  if (known.refused !== undefined) return known.refused.test(refused ?? '') && instead.chosen === 'cpu' && instead.isReference;
  const wrong = Object.entries(outputs).filter(([, { share }]) => share > 0);
  return refused === undefined && wrong.every(([output, { share }]) => known.outputs.includes(output) && share <= known.share);
}

function linesOf(name, backend, { refused, instead, outputs = {} }) {
  const place = `${name.padEnd(26)} ${backend.padEnd(6)}`;
  const lines = Object.entries(outputs).map(([output, { values, share, farthest }]) => {
    const percent = share === 0 ? '0' : `${(share * 100).toPrecision(2)} %`;
    const worst = farthest === null ? 'another shape' : `${farthest.toPrecision(2)} of the tolerance at most`;
    return `${place} ${output.padEnd(24)} ${percent.padStart(9)} of ${values} off, ${worst}`;
  });
  const answers = instead?.isReference ? 'answers as the reference does' : 'does NOT answer as the reference does';
  return refused === undefined ? lines : [`${place} refused: ${refused}; ${instead.chosen ?? 'nothing'} ${answers}`, ...lines];
}
