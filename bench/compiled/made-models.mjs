/** Writes the models that are made for the comparison into files, and says how each is packed and fed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const FOLDER = '.cache/bench/made';
const TOKENS = 128;

/** Texts in which the last tokens do not count. */
const text = { shape: [1, TOKENS] };
const texts = {
  input_ids: (index) => (index * 7919) % 1000,
  attention_mask: (index) => Number(index < TOKENS - 9),
  token_type_ids: (index) => Number(index > TOKENS / 2),
};

const feedOf = (at) => (_, input) => {
  const length = input.shape.reduce((product, size) => product * size, 1);
  return { shape: input.shape, data: Float64Array.from({ length }, (_each, index) => at(index)) };
};
const between0And1 = feedOf((index) => ((index * 7919) % 1000) / 1000);

/** The packer compiles no graph whose length is open, as BERT-tiny's is, and ViT-tiny takes minutes on the reference when it is packed. */
const HOW = {
  mlp: { inputs: {}, original: '/made/mlp.json', feed: [between0And1], isPacked: true },
  'bert-tiny': {
    inputs: Object.fromEntries(Object.keys(texts).map((name) => [name, text])),
    feed: Object.values(texts).map(feedOf),
    shapes: Object.values(texts).map(() => text.shape),
  },
  'vit-tiny': { inputs: {}, feed: [between0And1] },
};

/** Rows for the table of models. */
export async function madeModels() {
  mkdirSync(FOLDER, { recursive: true });
  const outfile = `${FOLDER}/made-models.mjs`;
  await build({
    entryPoints: ['bench/compiled/made-models.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile,
  });
  const files = (await import(pathToFileURL(outfile).href)).madeModels();
  for (const [file, content] of Object.entries(files)) writeFileSync(`${FOLDER}/${file}`, content);
  return Object.fromEntries(
    Object.entries(HOW).map(([name, { inputs, ...how }]) => {
      const model = `${FOLDER}/${name}.onnx`;
      return [name, { pack: { model, inputs }, files: { onnxruntime: model }, ...how }];
    }),
  );
}
