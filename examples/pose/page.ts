/** The pose page: a picture and a model, either of which can be changed at any time, and what comes of them. */
import { type BackendName, type FramePrediction, loadModel, type Model, PannierError } from 'pannier';
import { keypoints } from 'pannier/read';
import { asked, askedBackend } from '../asked.js';
import { onChosenSource } from '../choice.js';
import { element } from '../element.js';
import { hideError, showError } from '../error.js';
import { hideProgress, showProgress } from '../progress.js';
import { camera, photograph, type Source } from '../source.js';
import { film, ownPicture } from './film.js';
import pose, { type PoseInputs, type PoseOutputs } from './model/model.js';
import { showCandidates, showModel } from './model-panel.js';
import { isSeen, NAMES, type Point } from './skeleton.js';
import { Stage } from './stage.js';
import { clearTiming, showTiming } from './timing-bar.js';

type PoseModel = Model<PoseInputs, PoseOutputs>;
type Backend = 'auto' | BackendName;

const stage = new Stage(element<HTMLCanvasElement>('#stage'));
const answer = element('#answer');
const again = element<HTMLButtonElement>('#again');

let model: Promise<PoseModel> | undefined;
let source: Promise<Source> | undefined;
let running = new AbortController();

/** Starts over with what has changed. Whatever was under way ends. */
function begin(change: { readonly open?: () => Promise<Source>; readonly backend?: Backend; readonly times?: number }): void {
  running.abort();
  running = new AbortController();
  if (change.open !== undefined) {
    source?.then((last) => last.kind === 'moving' && last.close()).catch(() => undefined);
    source = change.open();
  }
  if (change.backend !== undefined) {
    model?.then((last) => last.dispose()).catch(() => undefined);
    model = load(change.backend);
  }
  const { signal } = running;
  follow(signal, change.times ?? 1).catch((thrown: unknown) => {
    if (!signal.aborted) fail(thrown);
  });
}

function load(backend: Backend): Promise<PoseModel> {
  showProgress(undefined);
  const loading = loadModel(pose, { backend, onProgress: (progress) => model === loading && showProgress(progress) });
  loading
    .then((loaded) => loaded.addEventListener('note', () => model === loading && showModel(loaded)))
    // Told of where it is awaited; until then a rejection has an owner.
    .catch(() => undefined);
  return loading;
}

/** Shows the picture at once, then every answer, until the source has no more or the signal says so. */
async function follow(signal: AbortSignal, times: number): Promise<void> {
  hideError();
  again.disabled = true;
  source?.catch(() => undefined);
  const shown = await (source as Promise<Source>);
  signal.throwIfAborted();
  element('#caption').textContent = shown.caption;
  again.textContent = shown.kind === 'still' ? 'Twenty more' : 'Play again';
  again.hidden = shown.kind === 'moving' && shown.mirrored;
  if (times === 1) stage.show({ picture: pictureOf(shown), points: [], mirrored: isMirrored(shown) });

  const loaded = await (model as Promise<PoseModel>);
  signal.throwIfAborted();
  hideProgress();
  showModel(loaded);

  // A film starts with the model, so that none of it is missed.
  if (shown.kind === 'moving') await shown.video.play();
  signal.throwIfAborted();

  let last: { readonly points: readonly Point[] } | undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  for await (const prediction of answers(loaded, shown, times, signal)) {
    if (signal.aborted) return prediction.frame?.close();
    const points = keypoints(prediction.outputs.keypoints, {
      columns: ['y', 'x', 'score'],
      names: NAMES,
      normalized: true,
      image: prediction.images.image,
    });
    stage.show({ picture: prediction.frame ?? pictureOf(shown), points, mirrored: isMirrored(shown) });
    showTiming(prediction.timing, loaded.stats());
    showPoints(points);
    last = { points };
    // A screen reader wants to finish its sentence.
    if (performance.now() - toldMs > 1_000) {
      tell(points);
      toldMs = performance.now();
    }
  }
  if (last !== undefined) tell(last.points);
  again.disabled = false;
}

function answers(loaded: PoseModel, shown: Source, times: number, signal: AbortSignal): AsyncIterable<FramePrediction<PoseOutputs>> {
  if (shown.kind === 'moving') return loaded.predictEach(shown.video, { keepFrame: true, signal });
  return loaded.predictEach(
    Array.from({ length: times }, () => ({ image: shown.picture })),
    { concurrency: 1, signal },
  );
}

const pictureOf = (shown: Source) => (shown.kind === 'still' ? shown.picture : shown.video);
const isMirrored = (shown: Source) => shown.kind === 'moving' && shown.mirrored;

function tell(points: readonly Point[]): void {
  const seen = points.filter(isSeen);
  answer.textContent =
    seen.length < 3 ? 'Nobody here, as far as the model can see.' : `Someone is here: ${seen.length} of ${points.length} points found.`;
}

function showPoints(points: readonly Point[]): void {
  const rows = element<HTMLTableSectionElement>('#points').rows;
  for (const [index, point] of points.entries()) {
    const [, x, y, score] = (rows[index] as HTMLTableRowElement).cells;
    if (x) x.textContent = point.x.toFixed();
    if (y) y.textContent = point.y.toFixed();
    if (score) score.textContent = (point.score ?? 0).toFixed(2);
    (rows[index] as HTMLTableRowElement).classList.toggle('unseen', !isSeen(point));
  }
}

function fail(thrown: unknown): void {
  showError(thrown);
  if (thrown instanceof PannierError && thrown.code === 'backend-unavailable') {
    showCandidates(thrown.detail['selection'] as PoseModel['selection']);
    clearTiming();
  }
}

/** One row per point, filled in by every answer: what the skeleton says, for those who do not see it. */
for (const name of NAMES) {
  const row = element<HTMLTableSectionElement>('#points').insertRow();
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = name;
  row.append(head, ...['–', '–', '–'].map((text) => Object.assign(document.createElement('td'), { textContent: text })));
}

const SOURCES = { photograph, film: () => film(asked.get('video') ?? undefined), camera: () => camera() };

onChosenSource(SOURCES, (open) => begin({ open }), ownPicture);
for (const input of document.querySelectorAll<HTMLInputElement>('input[name=backend]')) {
  input.addEventListener('change', () => begin({ backend: input.value as Backend }));
}
again.addEventListener('click', () => begin({ times: 20 }));

const first = asked.has('video') ? 'film' : 'photograph';
element<HTMLInputElement>(`input[value=${first}]`).checked = true;
element<HTMLInputElement>(`input[value=${askedBackend}]`).checked = true;
begin({ open: SOURCES[first], backend: askedBackend });
