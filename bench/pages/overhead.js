/**
 * `bench overhead`: what predict costs around an engine that returns at once, and around a real one
 * in this thread, against a raw graph model of TF.js on wasm.
 */
import pose from '/model/model.js';
import { Notes } from '../../.build/src/base/notes.js';
import { loadModel } from '../../.build/src/load.js';
import { LoadedModel } from '../../.build/src/model.js';
import { Queue } from '../../.build/src/runtime/queue.js';
import { ServedModel } from '../../.build/src/runtime/served-model.js';

const image = new Int32Array(192 * 192 * 3).fill(100);

/** A model on an engine that returns at once. */
function instantModel() {
  const result = {
    outputs: [{ dtype: 'float32', shape: [1, 1, 17, 3], data: new Float32Array(51) }],
    prepareMs: 0,
    computeMs: 0,
    readMs: 0,
    cold: false,
  };
  const instance = {
    backend: 'wasm',
    handle: { queue: new Queue(), thread: 'page' },
    session: { lost: undefined },
    run: async () => result,
  };
  const served = new ServedModel(pose, { instance }, new Notes(), {}, () => Promise.reject(new Error('It is open.')));
  return new LoadedModel({ value: served, release() {} }, { deadlineMs: 30_000, trace: false, nonFinite: 'error' });
}

async function rawModel() {
  // After Pannier has started: a TF.js that was there before would send its model to a worker.
  const [{ setBackend, tensor }, { GraphModel }, { setWasmPaths }] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-converter'),
    import('@tensorflow/tfjs-backend-wasm'),
  ]);
  setWasmPaths('/dist/');
  if (!(await setBackend('wasm'))) throw new Error('TF.js did not start on wasm.');
  const bytes = async ({ url }) => (await fetch(url())).arrayBuffer();
  const { modelTopology, weightsManifest, ...rest } = JSON.parse(new TextDecoder().decode(await bytes(pose.targets.tfjs.graph)));
  const weightData = await Promise.all(pose.weights.map(bytes));
  const raw = new GraphModel({
    load: () => ({ ...rest, modelTopology, weightData, weightSpecs: weightsManifest.flatMap(({ weights }) => weights) }),
  });
  raw.load();
  return async () => {
    const input = tensor(image, [1, 192, 192, 3], 'int32');
    const output = raw.execute(input);
    const values = await output.data();
    input.dispose();
    output.dispose();
    return values;
  };
}

/** Milliseconds per call, over `calls` of them. */
async function time(call, calls) {
  const startMs = performance.now();
  for (let index = 0; index < calls; index++) await call();
  return (performance.now() - startMs) / calls;
}

const instant = instantModel();
const instantMs = [];
await time(() => instant.predict({ image }), 200);
for (let index = 0; index < 200; index++) instantMs.push(await time(() => instant.predict({ image }), 10));

const model = await loadModel(pose, { backend: 'wasm', thread: 'page', cache: null });
const raw = await rawModel();
const ours = async () => (await model.predict({ image })).outputs.keypoints.data;
const [[ourX], [rawX]] = [await ours(), await raw()];
if (Math.abs(ourX - rawX) > 1e-4) throw new Error(`The two answers differ: ${ourX} and ${rawX}.`);
await time(ours, 10);
await time(raw, 10);
const rounds = [];
const count = Number(new URL(location.href).searchParams.get('rounds'));
for (let round = 0; round < count; round++) {
  const [first, second] = round % 2 === 0 ? [ours, raw] : [raw, ours];
  const times = [await time(first, 5), await time(second, 5)];
  rounds.push(round % 2 === 0 ? times : times.toReversed());
}
window.result = { instantMs, rounds };
