/** `bench first`: an app that predicts once, as soon as it can, and then stays for the trial or does not. */
import { loadModel } from 'pannier';
import pose from '../../examples/pose/model/model.js';

const asked = new URL(location.href).searchParams;
const model = await loadModel(pose, { backend: asked.get('backend') });
const { outputs, timing } = await model.predict({ image: new Int32Array(192 * 192 * 3).fill(100) });
const firstMs = performance.now();
const selection = asked.has('stay') ? await model.finishedSelection() : model.selection;
// The cache is written behind the answers; the next visit begins when it is there.
await new Promise((resolve) => setTimeout(resolve, 500));
const { backend } = model;
window.result = { firstMs, value: outputs.keypoints.data[0], began: timing.backend, backend, selection, crossOriginIsolated };
