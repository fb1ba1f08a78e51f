/** The choice of a picture: one of the page's own sources, a file, or a file that is dropped on the page. */
import { element } from './element.js';
import { file, type Source } from './source.js';

/** A function that opens a source when it is chosen. */
export type OpenSource = () => Promise<Source>;

/**
 * Calls `begin` with each source that is chosen.
 * @param sources by the value of the button that stands for each
 * @param open opens a file that was chosen or dropped
 */
export function onChosenSource(
  sources: Readonly<Record<string, OpenSource>>,
  begin: (open: OpenSource) => void,
  open: (chosen: File) => Promise<Source> = file,
): void {
  const buttons = document.querySelectorAll<HTMLInputElement>('input[name=source]');
  for (const button of buttons) button.addEventListener('change', () => begin(sources[button.value] as OpenSource));

  const take = (chosen: File | undefined): void => {
    if (chosen === undefined) return;
    for (const button of buttons) button.checked = false;
    begin(() => open(chosen));
  };
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
}

/** The source that a page shows. Another one ends what was done with the last, and turns its camera off. */
export class CurrentSource {
  #source: Promise<Source> | undefined;
  #running = new AbortController();

  /**
   * Opens a source.
   * @param follow does what the page is for with it, until the signal says that another source was chosen
   * @param fail gets what the source or `follow` failed with, unless another source was chosen meanwhile
   */
  begin(open: OpenSource, follow: (opened: Promise<Source>, signal: AbortSignal) => Promise<void>, fail: (thrown: unknown) => void): void {
    this.end();
    this.#running = new AbortController();
    const { signal } = this.#running;
    const source = open();
    // It is awaited in `follow`, perhaps after something else; until then nobody handles its failure.
    source.catch(() => undefined);
    this.#source = source;
    follow(source, signal).catch((thrown: unknown) => {
      if (!signal.aborted) fail(thrown);
    });
  }

  /** Ends what is under way. */
  end(): void {
    this.#running.abort();
    this.#source?.then((last) => last.kind === 'moving' && last.close()).catch(() => undefined);
    this.#source = undefined;
  }
}
