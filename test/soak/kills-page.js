/** The page of `kills.mjs`: loads one version, and tells the server what is stored and what the model answers. */
export const asked = new URL(location.href).searchParams;

const tell = (what) => navigator.sendBeacon(`/told?${new URLSearchParams(what)}`);

const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (value, key) {
  const request = put.call(this, value, key);
  // The first record of a model says that the rest is on its way.
  const isWhole = key.startsWith('model:') && JSON.parse(new TextDecoder().decode(value)).complete;
  this.transaction.addEventListener('complete', () => tell({ stored: key, ...(isWhole && { whole: key }) }));
  return request;
};

const { loadModel } = await import('/dist/index.js');

/** @param offline the network answers nothing that belongs to the model */
async function answerOf(version, offline) {
  const options = offline ? { fetch: () => Promise.reject(new TypeError('There is no network.')) } : {};
  try {
    const { default: source } = await import(`/models/${version}/model.js`);
    const model = await loadModel(source, { backend: 'cpu', ...options });
    const { outputs } = await model.predict({ x: Float32Array.of(0) });
    const notes = model.notes.map(({ code, message }) => `${code}: ${message}`);
    return { answer: Object.values(outputs)[0].data[0], cache: model.loadTiming.cache, notes };
  } catch (thrown) {
    return { error: `${thrown.code ?? thrown.name}: ${thrown.message}` };
  }
}

const old = asked.get('old');
if (old !== null) tell({ old: JSON.stringify(await answerOf(old, true)) });
tell({ loaded: JSON.stringify(await answerOf(asked.get('version'), false)) });
