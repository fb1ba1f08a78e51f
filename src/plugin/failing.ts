/** What could not be packed, over the pages of a Vite server that would run the model from before. */
import type { ErrorPayload, HotPayload, ViteDevServer } from 'vite';
import type { Outcome } from './packing.js';

/** One for each server. */
export class Failing {
  readonly #pages: ViteDevServer['ws'];
  #shown: ErrorPayload | undefined;

  constructor(pages: ViteDevServer['ws']) {
    this.#pages = pages;
    // Whoever opens a page while it is broken sees the same.
    pages.on('connection', (page) => {
      if (this.#shown !== undefined) page.send(JSON.stringify(this.#shown));
    });
  }

  /** Shows failures in Vite's overlay, and takes it away after them. @returns whether nothing fails any more */
  settle({ failures }: Pick<Outcome, 'failures'>): boolean {
    const wasShown = this.#shown !== undefined;
    this.#shown =
      failures.length === 0 ? undefined : { type: 'error', err: { message: failures.join('\n'), stack: '', plugin: 'pannier' } };
    if (this.#shown !== undefined) this.#tell(this.#shown);
    else if (wasShown) this.#tell({ type: 'full-reload', path: '*' });
    return wasShown && this.#shown === undefined;
  }

  /** The pages that are there: Vite keeps what is sent to none, and gives it to the next one, when it may be over. */
  #tell(payload: HotPayload): void {
    for (const page of this.#pages.clients) page.send(payload);
  }
}
