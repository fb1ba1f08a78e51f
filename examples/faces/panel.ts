/** Shows the faces that were found, the time of each step, and what was loaded. */
import type { Model, Timing } from 'pannier';
import { element } from '../element.js';
import { NOSE_TIP } from './contours.js';
import { type Face, type Finder, type LoadedBytes, loadOf, type Point, STEPS, type Step } from './finder.js';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const ms = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed());
const percent = (share: number): string => `${Math.floor(100 * share)} %`;

export function showProgress(bytes: LoadedBytes | undefined): void {
  const bar = element<HTMLProgressElement>('#progress progress');
  const isLoading = bytes !== undefined && bytes.loadedBytes < bytes.totalBytes;
  element('#progress').hidden = false;
  if (isLoading) bar.value = bytes.loadedBytes / bytes.totalBytes;
  else bar.removeAttribute('value');
  element('#progress span').textContent = isLoading
    ? `Loading the models: ${megabytes(bytes.loadedBytes)} of ${megabytes(bytes.totalBytes)} MB`
    : 'Starting the models';
}

export const hideProgress = (): void => {
  element('#progress').hidden = true;
};

/** A row for each face: how sure the detector is, how wide the face is, and where the tip of its nose is. */
export function showFaces(faces: readonly Face[]): void {
  element('#faces').replaceChildren(
    ...faces.map(({ score, box, points }, index) => {
      const row = document.createElement('tr');
      const nose = points[NOSE_TIP] as Point;
      const texts = [`Face ${index + 1}`, percent(score), box.width.toFixed(), `${nose.x.toFixed()}, ${nose.y.toFixed()}`];
      row.append(...texts.map((text, column) => cell(column === 0 ? 'th' : 'td', text)));
      return row;
    }),
  );
}

function cell(kind: 'th' | 'td', textContent: string): HTMLElement {
  const made = Object.assign(document.createElement(kind), { textContent });
  if (kind === 'th') made.setAttribute('scope', 'row');
  return made;
}

interface Sum {
  calls: number;
  prepareMs: number;
  computeMs: number;
  totalMs: number;
}

/** The time of one picture, summed up by step from what each predict says of itself. */
export class Times {
  readonly #sums = new Map<Step, Sum>();

  add(step: Step, { prepareMs, computeMs, totalMs }: Timing): void {
    const sum = this.#sums.get(step) ?? { calls: 0, prepareMs: 0, computeMs: 0, totalMs: 0 };
    sum.calls++;
    sum.prepareMs += prepareMs;
    sum.computeMs += computeMs;
    sum.totalMs += totalMs;
    this.#sums.set(step, sum);
  }

  /** Shows these times, or dashes where there are none. */
  show(): void {
    let totalMs = 0;
    for (const step of Object.keys(STEPS) as Step[]) {
      const sum = this.#sums.get(step);
      totalMs += sum?.totalMs ?? 0;
      const segment = element(`.bar [data-step=${step}]`);
      segment.style.flexGrow = String(sum?.totalMs ?? 0);
      segment.hidden = sum === undefined;
      const cells = element<HTMLTableRowElement>(`#times tr[data-step=${step}]`).cells;
      const told = sum === undefined ? ['–', '–', '–', '–'] : [String(sum.calls), ms(sum.prepareMs), ms(sum.computeMs), ms(sum.totalMs)];
      for (const [index, text] of told.entries()) (cells[index + 1] as HTMLTableCellElement).textContent = text;
    }
    element('#total').textContent = totalMs === 0 ? '–' : ms(totalMs);
  }
}

export function showFinder(finder: Finder): void {
  const models: readonly Pick<Model, 'notes' | 'info' | 'name'>[] = Object.values(finder);
  const { backend, thread } = finder.mesh;
  const { ms: loadMs, bytesDownloaded, bytesFromCache } = loadOf(finder);
  const size = models.reduce((sum, { info }) => sum + info.bytes, 0);
  element('#where').textContent = `on ${backend}, in ${thread === 'worker' ? 'a worker' : 'this page'}`;
  const facts = {
    took: `${loadMs.toFixed()} ms`,
    bytes: bytesDownloaded > 0 ? `${megabytes(bytesDownloaded)} MB` : `none; ${megabytes(bytesFromCache)} MB kept`,
    model: `BlazeFace and FaceMesh, ${finder.find.info.license}`,
    size: `${megabytes(size)} MB in ${models.length} models`,
  };
  for (const [fact, text] of Object.entries(facts)) element(`#facts [data-fact=${fact}]`).textContent = text;
  const notes = models.flatMap(({ name, notes: own }) => own.map(({ code, message }) => `${name}, ${code}: ${message}`));
  element('#notes').replaceChildren(...notes.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}
