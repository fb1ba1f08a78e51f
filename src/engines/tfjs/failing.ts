/** What ends a backend: the first cause stays, and those who wait for it are told at once. */
import type { Failure, StartedBackend } from './backend.js';

export class Failing implements Pick<StartedBackend, 'failure' | 'whenFailed'> {
  readonly whenFailed: Promise<Failure>;
  #failure: Failure | undefined;
  #tell: (failure: Failure) => void = () => undefined;

  constructor() {
    this.whenFailed = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  readonly failure = (): Failure | undefined => this.#failure;

  /** Later causes are consequences of the first, and are dropped. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#tell(failure);
  }
}
