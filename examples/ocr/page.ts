/** The page: a picture, drawn, chosen, dropped or from the camera, and the text in it. */
import { PannierError } from 'pannier';
import { askedBackend } from '../asked.js';
import { CurrentSource, type OpenSource, onChosenSource } from '../choice.js';
import { element } from '../element.js';
import { hideError, showError } from '../error.js';
import { hideProgress } from '../progress.js';
import { loadTogether, showModels, Times } from '../several-models.js';
import { camera, type Source } from '../source.js';
import type { Box } from './boxes.js';
import { plainText, showLines } from './panel.js';
import { type Line, loadReader, type Reader, readText, STEPS } from './reader.js';
import { receipt } from './receipt.js';
import { Stage } from './stage.js';

const stage = new Stage(element<HTMLCanvasElement>('#stage'));
const answer = element('#answer');
const copy = element<HTMLButtonElement>('#copy');
const current = new CurrentSource();

const start = (): Promise<Reader> => loadTogether((progress) => loadReader(askedBackend, progress));
let reader = start();
let lines: readonly Line[] = [];

const begin = (open: OpenSource): void => current.begin(open, follow, fail);

async function follow(opened: Promise<Source>, signal: AbortSignal): Promise<void> {
  hideError();
  copy.disabled = true;
  answer.textContent = 'Looking at the picture';
  showRead([]);
  new Times(STEPS);
  const shown = await opened;
  signal.throwIfAborted();
  element('#caption').textContent = shown.caption;
  if (shown.kind === 'still') return read(shown.picture, signal);
  // A camera is read frame by frame. Each picture stays until its text is read.
  while (!signal.aborted) await read(await createImageBitmap(shown.video), signal);
}

/** Shows the picture at once, then its boxes, then line by line its text. */
async function read(picture: ImageBitmap, signal: AbortSignal): Promise<void> {
  stage.show(picture);
  const loaded = await reader.finally(hideProgress);
  signal.throwIfAborted();
  showModels('PP-OCR v4', loaded.read, Object.values(loaded));
  const times = new Times(STEPS);
  const found = (boxes: readonly Box[]) => {
    stage.mark(boxes);
    showRead([]);
    answer.textContent = boxes.length === 1 ? 'Reading one line' : `Reading ${boxes.length} lines`;
  };
  await readText(loaded, picture, { found, line: (line) => showRead([...lines, line]), timed: times.add.bind(times) }, signal);
  stage.mark(lines.map(({ box }) => box));
  copy.disabled = lines.length === 0;
  answer.textContent = lines.length === 0 ? 'No text here, as far as the models can see.' : 'Read on your device.';
}

function showRead(read: readonly Line[]): void {
  lines = read;
  showLines(lines, (box) => stage.choose(box));
}

function fail(thrown: unknown): void {
  showError(thrown);
  // A load that failed is tried again with the next picture.
  if (thrown instanceof PannierError && thrown.retryable) reader = start();
}

const drawn = (isUpsideDown: boolean) => async (): Promise<Source> => ({
  kind: 'still',
  picture: await receipt(isUpsideDown),
  caption: 'A receipt, drawn by this page',
});

onChosenSource({ receipt: drawn(false), 'upside-down': drawn(true), camera: () => camera('environment') }, begin);
copy.addEventListener('click', () => {
  navigator.clipboard.writeText(plainText(lines)).then(() => {
    answer.textContent = 'Copied.';
  }, fail);
});

element<HTMLInputElement>('input[value=receipt]').checked = true;
begin(drawn(false));
