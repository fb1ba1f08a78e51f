import { loadModel } from 'pannier';
import { keypoints } from 'pannier/read';
import pose from '../pose/model/model.js';

const photo = document.querySelector('img') as HTMLImageElement;
const answer = document.querySelector('output') as HTMLOutputElement;

const model = await loadModel(pose);
const { outputs, images, timing } = await model.predict({ image: photo });

const [nose] = keypoints(outputs.keypoints, { columns: ['y', 'x', 'score'], normalized: true, image: images.image });
const [x, y, ms] = [nose.x, nose.y, timing.totalMs].map(Math.round);
answer.value = `Her nose is at ${x}, ${y}. That took ${ms} ms on ${timing.backend}.`;
