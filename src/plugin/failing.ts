/** Shows the models that could not be packed in Vite's overlay, since the pages would run the previous models. */
import type { ErrorPayload, HotPayload, ViteDevServer } from 'vite';
import type { Outcome } from './packing.js';

/** The failures of one Vite server. */
export class Failing {
  readonly #pages: ViteDevServer['ws'];
  #shown: ErrorPayload | undefined;

  constructor(pages: ViteDevServer['ws']) {
    this.#pages = pages;
    // A page that is opened later shows the failure, too.
    pages.on('connection', (page) => {
      if (this.#shown !== undefined) page.send(JSON.stringify(this.#shown));
    });
  }

  /** Shows the failures of an outcome, or removes the overlay. @returns whether the failures are over */
  show({ failures }: Pick<Outcome, 'failures'>): boolean {
    const wasShown = this.#shown !== undefined;
    this.#shown =
      failures.length === 0 ? undefined : { type: 'error', err: { message: failures.join('\n'), stack: '', plugin: 'pannier' } };
    if (this.#shown !== undefined) this.#tell(this.#shown);
    else if (wasShown) this.#tell({ type: 'full-reload', path: '*' });
    return wasShown && this.#shown === undefined;
  }

  /** Sends to the open pages. Vite would keep a message for the next page, and the failure may be over then. */
  #tell(payload: HotPayload): void {
    for (const page of this.#pages.clients) page.send(payload);
  }
}
