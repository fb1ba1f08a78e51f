/** The first half of the page: the model is loaded as in any app, and its candidates are drawn as they come in. */
import { loadModel, type Model, PannierError, resetBackends } from 'pannier';
import { element } from '../element.js';
import pose, { type PoseInputs, type PoseOutputs } from '../pose/model/model.js';
import { showError, showRacers } from './drawing.js';
import { assetUrl } from './killing.js';
import { headline, racersOf } from './state.js';

/** How often the selection is read while the race is under way. */
const LOOK_MS = 200;

let model: Model<PoseInputs, PoseOutputs> | undefined;

/** Loads the model and draws its candidates until autotune has finished. */
async function race(): Promise<void> {
  setBusy(true);
  try {
    const loaded = await loadModel(pose, { assetUrl });
    model = loaded;
    const draw = (isOver: boolean) => {
      if (model !== loaded) return;
      showRacers(racersOf(loaded.selection, isOver));
      element('#answer').textContent = headline(loaded.selection, isOver);
    };
    draw(false);
    const looking = setInterval(() => draw(false), LOOK_MS);
    await loaded.finishedSelection();
    clearInterval(looking);
    draw(true);
  } catch (thrown) {
    if (thrown instanceof PannierError && thrown.code === 'backend-unavailable')
      showRacers(racersOf(thrown.detail['selection'] as Model['selection'], true));
    element('#answer').textContent = 'The model could not be loaded.';
    showError(thrown);
  }
  setBusy(false);
}

/** Everything that Pannier keeps is in one database: weights, choices, marks of crashes. */
async function forget(): Promise<void> {
  model?.dispose();
  model = undefined;
  await new Promise<void>((resolve) => {
    const deleting = indexedDB.deleteDatabase('pannier-1');
    for (const end of ['success', 'error', 'blocked'] as const) deleting.addEventListener(end, () => resolve());
  });
}

function setBusy(isBusy: boolean): void {
  for (const id of ['#again', '#forgive']) element<HTMLButtonElement>(id).disabled = isBusy;
}

export function startRace(): void {
  element('#again').addEventListener('click', async () => {
    setBusy(true);
    element('#answer').textContent = 'Forgotten. The model is loaded as on a first visit.';
    await forget();
    await race();
  });
  element('#forgive').addEventListener('click', async () => {
    await resetBackends();
    element('#answer').textContent = 'Every backend gets another chance at the next race.';
  });
  void race();
}
