/** The page: a picture, chosen, dropped or from the camera, and the faces in it. */
import { PannierError } from 'pannier';
import { element } from '../element.js';
import { camera, file, NoPicture, photograph, type Source } from '../source.js';
import { type Face, type Finder, type Found, loadFinder, lookAt } from './finder.js';
import { hideProgress, showFaces, showFinder, showProgress, Times } from './panel.js';
import { Stage } from './stage.js';

const stage = new Stage(element<HTMLCanvasElement>('#stage'));
const answer = element('#answer');

const asked = new URLSearchParams(location.search).get('backend');
const backend = (['webgpu', 'wasm', 'cpu'] as const).find((name) => name === asked) ?? 'auto';

let finder: Promise<Finder> = start();
let source: Promise<Source> | undefined;
let running = new AbortController();

function start(): Promise<Finder> {
  showProgress(undefined);
  const loading = loadFinder(backend, showProgress);
  // Told of where it is awaited; until then a rejection has an owner.
  loading.catch(() => undefined);
  return loading;
}

/** Starts over with another picture. What is under way ends, and a camera with it. */
function begin(open: () => Promise<Source>): void {
  running.abort();
  source?.then((last) => last.kind === 'moving' && last.close()).catch(() => undefined);
  running = new AbortController();
  source = open();
  const { signal } = running;
  follow(source, signal).catch((thrown: unknown) => {
    if (!signal.aborted) showError(thrown);
  });
}

async function follow(opened: Promise<Source>, signal: AbortSignal): Promise<void> {
  element('#error').hidden = true;
  answer.textContent = 'Looking at the picture';
  showFaces([]);
  new Times().show();
  const shown = await opened;
  signal.throwIfAborted();
  element('#caption').textContent = shown.caption;
  if (shown.kind === 'still') {
    stage.show(shown.picture, false);
    await look(shown.picture, (found, faces) => stage.mark(found, faces), signal);
    return;
  }
  // Each frame is shown with its faces, so that no mesh lags behind.
  while (!signal.aborted) {
    const frame = await createImageBitmap(shown.video);
    const faces = await look(frame, () => undefined, signal);
    stage.show(frame, shown.mirrored);
    stage.mark([], faces);
  }
}

/** Looks at one picture. @param tell gets the boxes, and each time there is one more mesh */
async function look(
  picture: ImageBitmap,
  tell: (found: readonly Found[], faces: readonly Face[]) => void,
  signal: AbortSignal,
): Promise<readonly Face[]> {
  const loaded = await finder.finally(hideProgress);
  signal.throwIfAborted();
  showFinder(loaded);
  const times = new Times();
  let [found, faces]: [readonly Found[], readonly Face[]] = [[], []];
  const listener = {
    found: (boxes: readonly Found[]) => {
      found = boxes;
      tell(found, faces);
    },
    face: (face: Face) => {
      faces = [...faces, face];
      tell(found, faces);
    },
    timed: times.add.bind(times),
  };
  await lookAt(loaded, picture, listener, signal);
  times.show();
  showFaces(faces);
  answer.textContent =
    faces.length === 0
      ? 'No face here, as far as the models can see.'
      : `${faces.length === 1 ? 'One face with its' : `${faces.length} faces with their`} 468 points, found on your device.`;
  tell([], faces);
  return faces;
}

function showError(thrown: unknown): void {
  hideProgress();
  element('#error').hidden = false;
  element('#error strong').textContent =
    thrown instanceof PannierError ? thrown.code : thrown instanceof NoPicture ? 'no picture' : 'error';
  element('#error span').textContent = thrown instanceof Error ? thrown.message : String(thrown);
  answer.textContent = '';
  // A load that failed is tried again with the next picture.
  if (thrown instanceof PannierError && thrown.retryable) finder = start();
}

const SOURCES = { photograph, camera: () => camera() };

for (const input of document.querySelectorAll<HTMLInputElement>('input[name=source]'))
  input.addEventListener('change', () => begin(SOURCES[input.value as keyof typeof SOURCES]));

function take(chosen: File | undefined): void {
  if (chosen === undefined) return;
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=source]')) input.checked = false;
  begin(() => file(chosen));
}

element<HTMLInputElement>('#file').addEventListener('change', ({ currentTarget }) => {
  const chooser = currentTarget as HTMLInputElement;
  take(chooser.files?.[0]);
  // The same file again is a choice too.
  chooser.value = '';
});
// A browser opens what is dropped on a page in its place.
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files[0]);
});

element<HTMLInputElement>('input[value=photograph]').checked = true;
begin(SOURCES.photograph);
