/** The page: a picture, chosen, dropped or from the camera, and the faces in it. */
import { PannierError } from 'pannier';
import { askedBackend } from '../asked.js';
import { CurrentSource, type OpenSource, onChosenSource } from '../choice.js';
import { element } from '../element.js';
import { hideError, showError } from '../error.js';
import { hideProgress } from '../progress.js';
import { loadTogether, showModels, Times } from '../several-models.js';
import { camera, photograph, type Source } from '../source.js';
import { type Face, type Finder, type Found, loadFinder, lookAt, STEPS } from './finder.js';
import { showFaces } from './panel.js';
import { Stage } from './stage.js';

const stage = new Stage(element<HTMLCanvasElement>('#stage'));
const answer = element('#answer');
const current = new CurrentSource();

const start = (): Promise<Finder> => loadTogether((progress) => loadFinder(askedBackend, progress));
let finder = start();

const begin = (open: OpenSource): void => current.begin(open, follow, fail);

async function follow(opened: Promise<Source>, signal: AbortSignal): Promise<void> {
  hideError();
  answer.textContent = 'Looking at the picture';
  showFaces([]);
  new Times(STEPS);
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
  showModels('BlazeFace and FaceMesh', loaded.mesh, Object.values(loaded));
  const times = new Times(STEPS);
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
  showFaces(faces);
  answer.textContent =
    faces.length === 0
      ? 'No face here, as far as the models can see.'
      : `${faces.length === 1 ? 'One face with its' : `${faces.length} faces with their`} 468 points, found on your device.`;
  tell([], faces);
  return faces;
}

function fail(thrown: unknown): void {
  showError(thrown);
  // A load that failed is tried again with the next picture.
  if (thrown instanceof PannierError && thrown.retryable) finder = start();
}

onChosenSource({ photograph, camera: () => camera() }, begin);
element<HTMLInputElement>('input[value=photograph]').checked = true;
begin(photograph);
