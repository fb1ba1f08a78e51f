/**
 * The second half of the page: calls in a row on the GPU, which the visitor kills. The recovery is Pannier's; the page
 * calls, and draws which backend answered.
 */
import { loadModel, type Model, PannierError } from 'pannier';
import { element } from '../element.js';
import pose, { type PoseInputs, type PoseOutputs } from '../pose/model/model.js';
import { log, showAnswers, showError } from './drawing.js';
import { assetUrl, killGpu } from './killing.js';
import { msText, nameOf, type Run } from './state.js';

/** Answers that are shown. */
const SHOWN = 160;

/** Outputs differ a little between backends; a skeleton in another place is wrong. */
const TOLERANCE = 0.02;

let running: AbortController | undefined;

async function ask(signal: AbortSignal): Promise<void> {
  const photo = element<HTMLImageElement>('#photo');
  // WebGPU comes first, whichever backend won the race.
  log('Loading the model, on the GPU if there is one. Its shaders are compiled first.');
  const model = await loadModel(pose, { backend: ['webgpu', 'wasm', 'cpu'], assetUrl, signal });
  try {
    model.addEventListener('backendchange', ({ detail: { from, to, reason } }) => log(`${nameOf(from)} → ${nameOf(to)}: ${reason}`));
    model.addEventListener('note', ({ detail: { code, message } }) => {
      log(message);
      if (killed !== undefined && code === 'reopened') killed.isOver = true;
    });
    const refused = model.selection.find(({ backend, state }) => backend === 'webgpu' && state === 'refused');
    log(refused === undefined ? 'The GPU answers. Kill it when you like.' : `No GPU to kill here: ${refused.reason}`);
    await answers(model, photo, signal);
  } finally {
    model.dispose();
  }
}

async function answers(model: Model<PoseInputs, PoseOutputs>, photo: HTMLImageElement, signal: AbortSignal): Promise<void> {
  const backends: Run['backend'][] = [];
  let [right, wrong, failed] = [0, 0, 0];
  let first: ArrayLike<number> | undefined;
  while (!signal.aborted) {
    try {
      const { outputs, timing, backend } = await model.predict({ image: photo }, { signal });
      const { data } = outputs.keypoints;
      first ??= data;
      const isRight = data.every((value, index) => Math.abs(value - (first?.[index] as number)) < TOLERANCE);
      if (isRight) right++;
      else wrong++;
      backends.push(backend);
      if (backends.length > SHOWN) backends.shift();
      showAnswers(backends, { right, wrong, failed });
      // There is a GPU device to kill as long as it answers.
      element<HTMLButtonElement>('#kill').disabled = killed !== undefined || backend !== 'webgpu';
      // An answer may have been on its way already.
      if (killed?.isOver) {
        const sinceMs = performance.now() - killed.atMs;
        log(`Answered by ${nameOf(backend)}, ${msText(sinceMs)} after the kill; this call took ${msText(timing.totalMs)}.`);
        killed = undefined;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      failed++;
      log(thrown instanceof PannierError ? `${thrown.code}: ${thrown.message}` : String(thrown));
      // The same call in the same millisecond would fail again.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    // One answer a frame: a page has more to do.
    await new Promise(requestAnimationFrame);
  }
}

/** The last kill, until a call is answered after it. */
let killed: { readonly atMs: number; isOver: boolean } | undefined;

export function startRecovery(): void {
  const [go, kill] = [element<HTMLButtonElement>('#go'), element<HTMLButtonElement>('#kill')];
  go.addEventListener('click', async () => {
    if (running !== undefined) return running.abort();
    running = new AbortController();
    go.textContent = 'Stop asking';
    try {
      await ask(running.signal);
    } catch (thrown) {
      if (!running.signal.aborted) showError(thrown);
    }
    running = undefined;
    go.textContent = 'Ask again and again';
    kill.disabled = true;
  });
  kill.addEventListener('click', () => {
    kill.disabled = true;
    killed = { atMs: performance.now(), isOver: false };
    log('You destroyed the GPU device.');
    killGpu();
  });
}
