/**
 * `bench frames`: a page that moves a square in every frame and writes down when each one came: at rest, while
 * one side (`?side=`) loads CenterNet and tries its backends, and over its predicts, one a frame, of a photograph.
 */
const SIDES = { ours: () => import('./frames-ours.js'), rival: () => import('./frames-rival.js') };

const IDLE_MS = 3_000;

const asked = new URL(location.href).searchParams;
const square = document.querySelector('p');
const photo = document.querySelector('img');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nextFrame = () => new Promise(requestAnimationFrame);

const frames = [];
function paint() {
  const nowMs = performance.now();
  frames.push(nowMs);
  square.style.transform = `translateX(${(nowMs / 4) % 400}px)`;
  requestAnimationFrame(paint);
}

const long = [];
const watching = new PerformanceObserver((list) => long.push(...list.getEntries()));
for (const type of ['longtask', 'long-animation-frame']) watching.observe({ type });

const phases = [];
/** From a frame to the second after the work: the first could have been under way. */
async function phase(name, work) {
  const startMs = await nextFrame().then(() => performance.now());
  const result = await work();
  await nextFrame();
  await nextFrame();
  phases.push({ name, startMs, endMs: performance.now() });
  return result;
}

await photo.decode();
await pause(500);
requestAnimationFrame(paint);
// By this mark a trace's clock is put to the page's.
const zeroMs = performance.mark('bench').startTime;
await phase('idle', () => pause(IDLE_MS));
const { predict, trial } = await phase('load', async () => (await SIDES[asked.get('side')]()).open());
const selection = trial && (await phase('trial', trial));
let value = 0;
await phase('predicts', async () => {
  for (let count = Number(asked.get('predicts')); count > 0; count--) {
    value = await predict(photo);
    await nextFrame();
  }
});
// Entries of the last frames are still to come, and the cache is still to be written.
await pause(500);

const scriptsOf = ({ scripts }) => scripts.map(({ invoker, sourceURL, duration }) => ({ invoker, sourceURL, durationMs: duration }));
window.result = {
  value,
  selection,
  zeroMs,
  frames,
  phases,
  longTasks: long
    .filter(({ entryType }) => entryType === 'longtask')
    .map(({ startTime, duration }) => ({ startMs: startTime, durationMs: duration })),
  longFrames: long
    .filter(({ entryType }) => entryType !== 'longtask')
    .map((entry) => ({ startMs: entry.startTime, durationMs: entry.duration, scripts: scriptsOf(entry) })),
};
