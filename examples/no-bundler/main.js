import { loadModel } from '../../dist/index.js';
import { keypoints } from '../../dist/read.js';
import pose from '../pose/model/model.js';

const photo = document.querySelector('img');
const answer = document.querySelector('output');

const model = await loadModel(pose);
const { outputs, images, timing } = await model.predict({ image: photo });

const [nose] = keypoints(outputs.keypoints, { columns: ['y', 'x', 'score'], normalized: true, image: images.image });
const [x, y, ms] = [nose.x, nose.y, timing.totalMs].map(Math.round);
answer.value = `Her nose is at ${x}, ${y}. That took ${ms} ms on ${timing.backend}.`;
