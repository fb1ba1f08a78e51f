/** Pages of several models: the sum of their progress, the time of each, and what was loaded. */
import type { LoadProgress, Model, Timing } from 'pannier';
import { element } from './element.js';
import { megabytes, ms } from './numbers.js';
import { showProgress } from './progress.js';

/** Makes the listener of one more load. */
export type ProgressOfOne = () => (progress: LoadProgress) => void;

/**
 * Loads models side by side and shows the sum of their progress.
 * @param load gets what each `loadModel` tells its progress to
 * @returns what `load` resolves with; the page may await it later, since a failure before that counts as handled
 */
export function loadTogether<T>(load: (progress: ProgressOfOne) => Promise<T>): Promise<T> {
  showProgress(undefined, 'the models');
  const told: LoadProgress[] = [];
  let isOver = false;
  const progressOfOne: ProgressOfOne = () => {
    const place = told.length;
    told.push({ loadedBytes: 0, totalBytes: 0, fraction: 0 });
    return (progress) => {
      told[place] = progress;
      const sum = (key: keyof LoadProgress) => told.reduce((before, each) => before + each[key], 0);
      const [loadedBytes, totalBytes] = [sum('loadedBytes'), sum('totalBytes')];
      // If one model cannot be loaded, the others go on for a while.
      if (!isOver) showProgress({ loadedBytes, totalBytes, fraction: loadedBytes / totalBytes }, 'the models');
    };
  };
  const loading = load(progressOfOne).finally(() => {
    isOver = true;
  });
  loading.catch(() => undefined);
  return loading;
}

interface Sum {
  calls: number;
  prepareMs: number;
  computeMs: number;
  totalMs: number;
}

/** The time of one picture, summed up by step from what each predict says of itself. */
export class Times<Step extends string> {
  readonly #sums: ReadonlyMap<Step, Sum>;

  /** @param steps each has a segment of the bar and a row of the table */
  constructor(steps: readonly Step[]) {
    this.#sums = new Map(steps.map((step) => [step, { calls: 0, prepareMs: 0, computeMs: 0, totalMs: 0 }]));
    this.#show();
  }

  add(step: Step, { prepareMs, computeMs, totalMs }: Timing): void {
    const sum = this.#sums.get(step) as Sum;
    sum.calls++;
    sum.prepareMs += prepareMs;
    sum.computeMs += computeMs;
    sum.totalMs += totalMs;
    this.#show();
  }

  /** Steps that have not run have dashes. */
  #show(): void {
    let allMs = 0;
    for (const [step, { calls, prepareMs, computeMs, totalMs }] of this.#sums) {
      allMs += totalMs;
      const segment = element(`.bar [data-step=${step}]`);
      segment.style.flexGrow = String(totalMs);
      segment.hidden = calls === 0;
      const cells = element<HTMLTableRowElement>(`#times tr[data-step=${step}]`).cells;
      const told = calls === 0 ? ['–', '–', '–', '–'] : [String(calls), ms(prepareMs), ms(computeMs), ms(totalMs)];
      for (const [index, text] of told.entries()) (cells[index + 1] as HTMLTableCellElement).textContent = text;
    }
    element('#total').textContent = allMs === 0 ? '–' : ms(allMs);
  }
}

/** The parts of a model that do not depend on its inputs and outputs. */
type AnyModel = Pick<Model, 'backend' | 'thread' | 'notes' | 'info' | 'name' | 'loadTiming' | 'stats'>;

/**
 * Shows where models run, how they were loaded, and their notes.
 * @param title what the models are called
 * @param main the model that does most of the work
 */
export function showModels(title: string, main: AnyModel, models: readonly AnyModel[]): void {
  const sum = (of: (model: AnyModel) => number) => models.reduce((before, model) => before + of(model), 0);
  const bytesDownloaded = sum((model) => model.stats().bytesDownloaded);
  const bytesFromCache = sum((model) => model.stats().bytesFromCache);
  element('#where').textContent = `on ${main.backend}, in ${main.thread === 'worker' ? 'a worker' : 'this page'}`;
  const facts = {
    // The models are loaded side by side.
    took: `${Math.max(...models.map(({ loadTiming }) => loadTiming.totalMs)).toFixed()} ms`,
    bytes: bytesDownloaded > 0 ? `${megabytes(bytesDownloaded)} MB` : `none; ${megabytes(bytesFromCache)} MB kept`,
    model: `${title}, ${main.info.license}`,
    size: `${megabytes(sum(({ info }) => info.bytes))} MB in ${models.length} models`,
  };
  for (const [fact, text] of Object.entries(facts)) element(`#facts [data-fact=${fact}]`).textContent = text;
  const notes = models.flatMap(({ name, notes: own }) => own.map(({ code, message }) => `${name}, ${code}: ${message}`));
  element('#notes').replaceChildren(...notes.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}
