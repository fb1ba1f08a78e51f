/** The page: a picture, drawn, chosen, dropped or from the camera, and the text in it. */
import { PannierError } from 'pannier';
import { element } from '../element.js';
import { camera, file, NoPicture, type Source } from '../source.js';
import type { Box } from './boxes.js';
import { hideProgress, plainText, showLines, showProgress, showReader, Times } from './panel.js';
import { type Line, loadReader, type Reader, readText } from './reader.js';
import { receipt } from './receipt.js';
import { Stage } from './stage.js';

const stage = new Stage(element<HTMLCanvasElement>('#stage'));
const answer = element('#answer');
const copy = element<HTMLButtonElement>('#copy');

const asked = new URLSearchParams(location.search).get('backend');
const backend = (['webgpu', 'wasm', 'cpu'] as const).find((name) => name === asked) ?? 'auto';

let reader: Promise<Reader> = start();
let source: Promise<Source> | undefined;
let running = new AbortController();
let lines: readonly Line[] = [];

function start(): Promise<Reader> {
  showProgress(undefined);
  let isOver = false;
  // If one model cannot be loaded, the others go on for a while.
  const loading = loadReader(backend, (bytes) => {
    if (!isOver) showProgress(bytes);
  }).finally(() => {
    isOver = true;
  });
  // Told of where it is awaited; until then a rejection has an owner.
  loading.catch(() => undefined);
  return loading;
}

/** Starts over with another picture. The reading that is under way ends, and a camera with it. */
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
  copy.disabled = true;
  answer.textContent = 'Looking at the picture';
  showRead([]);
  new Times().show();
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
  showReader(loaded);
  const times = new Times();
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

function showError(thrown: unknown): void {
  hideProgress();
  element('#error').hidden = false;
  element('#error strong').textContent =
    thrown instanceof PannierError ? thrown.code : thrown instanceof NoPicture ? 'no picture' : 'error';
  element('#error span').textContent = thrown instanceof Error ? thrown.message : String(thrown);
  answer.textContent = '';
  // A load that failed is tried again with the next picture.
  if (thrown instanceof PannierError && thrown.retryable) reader = start();
}

const drawn = (isUpsideDown: boolean) => async (): Promise<Source> => ({
  kind: 'still',
  picture: await receipt(isUpsideDown),
  caption: 'A receipt, drawn by this page',
});

const SOURCES = { receipt: drawn(false), 'upside-down': drawn(true), camera: () => camera('environment') };

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
copy.addEventListener('click', () => {
  navigator.clipboard.writeText(plainText(lines)).then(() => {
    answer.textContent = 'Copied.';
  }, showError);
});

element<HTMLInputElement>('input[value=receipt]').checked = true;
begin(SOURCES.receipt);
