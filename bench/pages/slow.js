/**
 * `bench load` on a slow line: when the last byte came, when the engine had the model open, and what our own buffers held
 * at most. `?overlaps=no` downloads all of it before it answers the first request, so that nothing is opened before.
 */
import { loadModel } from 'pannier';
import pose from '../../examples/pose/model/model.js';

const overlaps = new URL(location.href).searchParams.get('overlaps') === 'yes';
const modelAssets = [pose.targets.tfjs.graph, ...pose.weights, pose.golden.asset];
/** The largest that the packer cuts, and so what the copies for the cache may take. */
const SHARD_BYTES = 2 * 2 ** 20;

/** Bytes now: on the page, received and not handed on; in the worker, not uploaded yet; uploaded; copies for the cache. */
const held = { received: 0, inWorker: 0, uploaded: 0, copies: 0 };
let peakBytes = 0;
const move = (change) => {
  for (const [where, bytes] of Object.entries(change)) held[where] += bytes;
  peakBytes = Math.max(peakBytes, held.received + held.inWorker + held.uploaded + held.copies);
};

let arrived = 0;
let lastByteMs = 0;
const onWhole = () => {
  if (++arrived === modelAssets.length) lastByteMs = performance.now();
};
const counted = (response) => {
  const counting = new TransformStream({
    transform(chunk, controller) {
      move({ received: chunk.byteLength });
      controller.enqueue(chunk);
    },
    flush: onWhole,
  });
  return new Response(response.body.pipeThrough(counting), response);
};
let downloading;
const download = async () => {
  const urls = modelAssets.map(({ url }) => url());
  return new Map(await Promise.all(urls.map(async (url) => [url, await counted(await fetch(url)).arrayBuffer()])));
};
const watched = async (url, init) => {
  if (!/\.(bin|json)(\?|$)/.test(String(url))) return fetch(url, init);
  if (overlaps) return counted(await fetch(url, init));
  downloading ??= download();
  return new Response((await downloading).get(String(url)));
};

let builtMs = 0;
let sentBytes = 0;
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, transfer) {
  const shardBytes = message.kind === 'upload' ? message.shard.byteLength : 0;
  if (message.kind === 'open') move({ received: -message.model.graph.byteLength });
  if (message.kind === 'upload' || message.kind === 'build') {
    // The page sends the next one when the last one is uploaded.
    move({ inWorker: -2 * sentBytes, uploaded: sentBytes });
    sentBytes = shardBytes;
    // The shard, and its values until they are uploaded: at most as many bytes once more, where they are stored as they are.
    move({ received: -shardBytes, inWorker: 2 * shardBytes });
  }
  if (message.kind === 'build') {
    this.addEventListener('message', ({ data }) => {
      if (data.id === message.id) builtMs = performance.now();
    });
  }
  return postMessage.call(this, message, transfer);
};

const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (value, key) {
  const copyBytes = value.byteLength ?? 0;
  move({ copies: copyBytes });
  this.transaction.addEventListener('complete', () => move({ copies: -copyBytes }));
  return put.call(this, value, key);
};

const model = await loadModel(pose, { backend: 'wasm', fetch: watched, autotune: false });
const { outputs } = await model.predict({ image: new Int32Array(192 * 192 * 3).fill(100) });
const totalMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, 500));
const { weightsMs, openMs } = model.loadTiming;
const weightsBytes = pose.weights.reduce((sum, { bytes }) => sum + bytes, 0);
window.result = {
  value: outputs.keypoints.data[0],
  ...{ totalMs, weightsMs, openMs, shards: pose.weights.length },
  ...{ exposedMs: builtMs - lastByteMs, shardsAboveWeights: (peakBytes - weightsBytes) / SHARD_BYTES },
};
