/**
 * The webgpu worker of the page `backends`: Pannier's own, after this has kept hold of the GPU device, so that the page
 * can destroy it. A driver that crashes does the same; no app needs a file like this.
 */
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...given) {
  const device = await requestDevice.apply(this, given);
  new BroadcastChannel('kill-gpu').addEventListener('message', () => device.destroy());
  return device;
};

await import(new URLSearchParams(location.search).get('worker'));
