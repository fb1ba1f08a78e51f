/** Events with a type for each name, over the platform's own EventTarget. */

/** @template Events the `detail` of each event, by name */
export class Events<Events extends object> {
  readonly #target = new EventTarget();
  readonly #heardTypes = new Set<keyof Events>();

  addEventListener<K extends keyof Events>(type: K, listener: (event: { readonly detail: Events[K] }) => void): void {
    this.#heardTypes.add(type);
    this.#target.addEventListener(type as string, listener as unknown as EventListener);
  }

  removeEventListener<K extends keyof Events>(type: K, listener: (event: { readonly detail: Events[K] }) => void): void {
    this.#target.removeEventListener(type as string, listener as unknown as EventListener);
  }

  /**
   * Calls the listeners at once. A listener that throws is reported like any event listener, and the others still run.
   * Without a listener no event is made, since every predict tells one.
   */
  protected tell<K extends keyof Events>(type: K, detail: Events[K]): void {
    if (!this.#heardTypes.has(type)) return;
    this.#target.dispatchEvent(new CustomEvent(type as string, { detail }));
  }
}
