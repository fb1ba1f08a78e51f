/** The failure that ends a backend: the first one stays, and everyone who waits for it hears of it at once. */
import { deferred } from '../../base/promise.js';
import type { Failure, StartedBackend } from './started-backend.js';

export class Failing implements Pick<StartedBackend, 'failure' | 'whenFailed'> {
  readonly #first = deferred<Failure>();
  readonly whenFailed = this.#first.promise;
  #failure: Failure | undefined;

  readonly failure = (): Failure | undefined => this.#failure;

  /** Later failures are consequences of the first one, and are ignored. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#first.resolve(failure);
  }
}
