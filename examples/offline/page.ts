/** The page: a picture, a model that is kept on this device, and what it cuts out. */
import { clearCache, isOfflineReady, loadModel, type Model, PannierError, prefetchModel, requestPersistence } from 'pannier';
import { CurrentSource, type OpenSource, onChosenSource } from '../choice.js';
import { element } from '../element.js';
import { hideError, showError } from '../error.js';
import { hideProgress, showProgress } from '../progress.js';
import { camera, NoPicture, photograph, type Source } from '../source.js';
import { register } from './app.js';
import { type Background, draw, type Scene } from './cutout.js';
import { showKept } from './kept-panel.js';
import selfie, { type SelfieInputs, type SelfieOutputs } from './model/model.js';

type Selfie = Model<SelfieInputs, SelfieOutputs>;

const stage = element<HTMLCanvasElement>('#stage');
const answer = element('#answer');
const save = element<HTMLButtonElement>('#save');
const colour = element<HTMLInputElement>('#colour');
const current = new CurrentSource();

let model: Promise<Selfie> = start();
let chosen: OpenSource = photograph;
let scene: Scene | undefined;

/** Downloads the model's files before it is loaded, so that there is progress to show, and a next start without a network. */
async function start(): Promise<Selfie> {
  if (!(await isOfflineReady(selfie))) {
    await prefetchModel(selfie, { onProgress: (progress) => showProgress(progress) }).catch((thrown: unknown) => {
      // Without a cache the model still runs, for as long as the page is open.
      if (!(thrown instanceof PannierError && /^cache-/.test(thrown.code))) throw thrown;
    });
  }
  return loadModel(selfie);
}

/** Starts over, with another source or the same one anew. */
function begin(open = chosen): void {
  chosen = open;
  current.begin(open, follow, showError);
}

async function follow(opened: Promise<Source>, signal: AbortSignal): Promise<void> {
  hideError();
  save.disabled = true;
  answer.textContent = 'Looking at the picture';
  model.catch(() => undefined);
  const shown = await opened;
  signal.throwIfAborted();
  element('#caption').textContent = shown.caption;
  const mirrored = shown.kind === 'moving' && shown.mirrored;
  show({ picture: shown.kind === 'still' ? shown.picture : shown.video, person: undefined, mirrored });
  const loaded = await model.finally(hideProgress);
  signal.throwIfAborted();

  if (shown.kind === 'still') {
    const { outputs, backend } = await loaded.predict({ image: shown.picture }, { signal });
    stage.dataset['backend'] = backend;
    show({ picture: shown.picture, person: outputs.person, mirrored });
    tell(outputs.person.data);
  } else {
    answer.textContent = 'Everyone whom the camera sees is cut out, frame by frame.';
    for await (const { outputs, frame } of loaded.predictEach(shown.video, { keepFrame: true, signal })) {
      if (frame === undefined) continue;
      show({ picture: frame, person: outputs.person, mirrored });
      save.disabled = false;
    }
  }
  save.disabled = false;
}

/** Shows a scene until the next, and closes the last one's picture. */
function show(next: Scene): void {
  const last = scene?.picture;
  scene = next;
  draw(stage, scene, background());
  if (last instanceof ImageBitmap && last !== next.picture) last.close();
}

function background(): Background {
  const { value } = element<HTMLInputElement>('input[name=background]:checked');
  return value === 'colour' ? { colour: colour.value } : (value as 'none' | 'blur');
}

function tell(person: Float32Array): void {
  const share = person.reduce((sum, value) => sum + Number(value > 0.5), 0) / person.length;
  answer.textContent =
    share < 0.02 ? 'Nobody here, as far as the model can see.' : `Someone is here, on ${Math.round(100 * share)} % of the picture.`;
}

async function savePicture(): Promise<void> {
  const blob = await new Promise<Blob | null>((resolve) => stage.toBlob(resolve, 'image/png'));
  if (blob === null) return showError(new NoPicture('This browser cannot make a file of a picture of this size.'));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = 'cutout.png';
  link.click();
  // By then the download has begun; no event tells when.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function download(): void {
  element('#download').hidden = true;
  model = start();
  model.then(showKept, showKept);
  begin();
}

/** Removes the model from the cache. Files of a model that is open are not removed, so this page closes its own first. */
async function remove(): Promise<void> {
  current.end();
  (await model.catch(() => undefined))?.dispose();
  const { held } = await clearCache();
  const stays = held.some(({ hash }) => hash === selfie.hash);
  if (stays) {
    model = start();
    begin();
  } else answer.textContent = 'The model is gone. Download it to cut out anything more.';
  await showKept();
  if (stays) element('#model-kept').textContent = 'Not removed: another tab has it open. Close that one first.';
}

async function persist(): Promise<void> {
  const isKept = await requestPersistence();
  await showKept();
  // Browsers that ask nobody decide by how often an app is used.
  if (!isKept) element('#storage').lastElementChild?.lastElementChild?.replaceChildren('may be deleted: the browser said no');
}

onChosenSource({ photograph, camera: () => camera() }, begin);
for (const input of document.querySelectorAll('input[name=background]')) {
  input.addEventListener('change', () => scene && draw(stage, scene, background()));
}
colour.addEventListener('input', () => {
  element<HTMLInputElement>('input[name=background][value=colour]').checked = true;
  if (scene !== undefined) draw(stage, scene, background());
});
save.addEventListener('click', () => void savePicture());
element('#download').addEventListener('click', download);
element('#clear').addEventListener('click', () => void remove().catch(showError));
element('#persist').addEventListener('click', () => void persist().catch(showError));

register({
  taken: () => void showKept(),
  waiting(accept) {
    element('#update').hidden = false;
    element('#update button').addEventListener('click', accept);
  },
}).catch(showError);

begin(photograph);
await showKept();
await model.then(showKept, showKept);
