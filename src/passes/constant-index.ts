/** The constants of a graph that changes, by their values, and by what can be told of equal ones at once. */
import type { Constant, Value } from '../graph/graph.js';
import { typeText } from '../graph/tensor.js';

/** How many bytes at either end of a constant tell it apart at first. */
const TOLD_BYTES = 8;

export class ConstantIndex {
  readonly #constants = new Map<Value, Constant>();
  readonly #alike = new Map<string, Set<Constant>>();
  readonly #keys = new WeakMap<Constant, string>();

  get all(): Iterable<Constant> {
    return this.#constants.values();
  }

  get(value: Value): Constant | undefined {
    return this.#constants.get(value);
  }

  /** The constants of the same type and storage that may have the same bytes, in the order in which they came; the constant is among them. */
  alike(constant: Constant): Iterable<Constant> {
    return this.#alike.get(this.#keyOf(constant)) ?? [];
  }

  add(constant: Constant): void {
    this.#constants.set(constant.value, constant);
    const key = this.#keyOf(constant);
    const alike = this.#alike.get(key);
    if (alike === undefined) this.#alike.set(key, new Set([constant]));
    else alike.add(constant);
  }

  /** @returns whether the value was a constant */
  delete(value: Value): boolean {
    const constant = this.#constants.get(value);
    if (constant !== undefined) this.#alike.get(this.#keyOf(constant))?.delete(constant);
    return this.#constants.delete(value);
  }

  #keyOf(constant: Constant): string {
    const known = this.#keys.get(constant);
    if (known !== undefined) return known;
    const { value, bytes, storage } = constant;
    const ends = [bytes.subarray(0, TOLD_BYTES), bytes.subarray(-TOLD_BYTES)];
    const key = [typeText(value.type), JSON.stringify(storage), bytes.length, ...ends].join(' ');
    this.#keys.set(constant, key);
    return key;
  }
}
