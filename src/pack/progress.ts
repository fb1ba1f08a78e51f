/** Lines that say what a long pack does. */

/** A pack that is over sooner says nothing. */
const FIRST_MS = 2_000;

const EVERY_MS = 5_000;

/** Prints a line while a model is packed: after two seconds, and from then on every five. */
export class Progress {
  readonly #print: (line: string) => void;
  #model: string | undefined;
  #step = '';
  #startedMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param print gets lines such as `pose: running the golden sample, 7 s` */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** A step of a model's packing begins. */
  step(model: string, step: string): void {
    this.#step = step;
    if (model === this.#model) return;
    this.end();
    this.#model = model;
    this.#startedMs = performance.now();
    this.#wait(FIRST_MS);
  }

  /** The last model that a step was told of is packed, or its packing failed. */
  end(): void {
    this.#model = undefined;
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#print(`${this.#model}: ${this.#step}, ${Math.round((performance.now() - this.#startedMs) / 1_000)} s`);
      this.#wait(EVERY_MS);
    }, ms);
  }
}
