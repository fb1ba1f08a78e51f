/** Shows the lines that were read, the time of each step, and what was loaded. */
import type { Model, Timing } from 'pannier';
import { element } from '../element.js';
import { type Box, inRows } from './boxes.js';
import { type Line, type LoadedBytes, loadOf, type Reader, STEPS, type Step } from './reader.js';

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

/** Shows the lines in reading order, a row of the picture in a row of the list. @param choose gets the box of the line under the pointer, or none */
export function showLines(lines: readonly Line[], choose: (box: Box | undefined) => void): void {
  element('#lines').replaceChildren(
    ...inRows(lines).map((row) => {
      const item = document.createElement('li');
      item.append(...row.map((line) => textOf(line, choose)));
      return item;
    }),
  );
}

/** The text as it is copied. */
export const plainText = (lines: readonly Line[]): string =>
  inRows(lines)
    .map((row) => row.map(({ text }) => text).join(' '))
    .join('\n');

function textOf({ text, score, box }: Line, choose: (box: Box | undefined) => void): HTMLElement {
  const shown = document.createElement('span');
  const said = document.createElement('b');
  said.textContent = text;
  const sure = document.createElement('small');
  sure.textContent = percent(score);
  shown.append(said, sure);
  shown.addEventListener('pointerenter', () => choose(box));
  shown.addEventListener('pointerleave', () => choose(undefined));
  return shown;
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
    this.show();
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

export function showReader(reader: Reader): void {
  const models: readonly Pick<Model, 'backend' | 'thread' | 'notes' | 'info' | 'name'>[] = Object.values(reader);
  const { backend, thread } = reader.read;
  const { ms: loadMs, bytesDownloaded, bytesFromCache } = loadOf(reader);
  const size = models.reduce((sum, { info }) => sum + info.bytes, 0);
  element('#where').textContent = `on ${backend}, in ${thread === 'worker' ? 'a worker' : 'this page'}`;
  const facts = {
    took: `${loadMs.toFixed()} ms`,
    bytes: bytesDownloaded > 0 ? `${megabytes(bytesDownloaded)} MB` : `none; ${megabytes(bytesFromCache)} MB kept`,
    model: `PP-OCR v4, ${reader.read.info.license}`,
    size: `${megabytes(size)} MB in ${models.length} models`,
  };
  for (const [fact, text] of Object.entries(facts)) element(`#facts [data-fact=${fact}]`).textContent = text;
  const notes = models.flatMap(({ name, notes: own }) => own.map(({ code, message }) => `${name}, ${code}: ${message}`));
  element('#notes').replaceChildren(...notes.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}
