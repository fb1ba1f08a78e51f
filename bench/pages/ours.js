/** `bench load`'s own side: an app that imports the package. */
import { loadModel } from 'pannier';
import pose from '../../examples/pose/model/model.js';

const { searchParams } = new URL(location.href);
const thread = searchParams.get('thread');
const model = await loadModel(pose, { backend: 'wasm', thread });
const { outputs, timing } = await model.predict({ image: new Int32Array(192 * 192 * 3).fill(100) });
const totalMs = performance.now();
// The cache is written behind the first answer; the next visit begins when it is there.
await new Promise((resolve) => setTimeout(resolve, 500));
if (searchParams.has('sw')) {
  await navigator.serviceWorker.register('/sw/offline.js', { scope: '/' });
  await navigator.serviceWorker.ready;
}
window.result = { totalMs, value: outputs.keypoints.data[0], loadTiming: model.loadTiming, predictMs: timing.totalMs };
