/** The config of one layer. A field is checked when a rule reads it, and every message names the layer. */
import { describe } from '../../base/describe.js';
import type { PannierError } from '../../base/errors.js';
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, nameAt, objectAt } from '../file-fields.js';
import { LIMITS } from '../limits.js';

/** Advice for a model with a layer that has no rule. */
export const CONVERT =
  'Take the layer out, or convert the Keras model to a graph: tensorflowjs_converter --output_format=tfjs_graph_model takes any layer.';

/** The versions of Keras that are told apart. */
export type KerasVersion = 2 | 3;

/** A layer's class, name and config. A field that is `null` counts as left out, as in Keras. */
export class Settings {
  readonly kind: string;
  readonly name: string;
  /** The major version of the Keras that wrote the file, where its meaning differs from the other's; TF.js's is Keras 2. */
  readonly keras: KerasVersion;
  /** The layer or model that the layer is inside, for messages; empty for the whole model. */
  readonly within: string;
  readonly #fields: Fields;
  readonly #read = new Set<string>();
  readonly #inner = new Map<string, Settings>();

  constructor(kind: string, name: string, fields: Fields, keras: KerasVersion, within = '') {
    this.kind = kind;
    this.name = name;
    this.keras = keras;
    this.within = within;
    this.#fields = fields;
  }

  /** The layer in messages. */
  get what(): string {
    return `Layer "${this.name}" (${this.kind})${this.within === '' ? '' : ` in ${this.within}`}`;
  }

  /** The unchecked value of a field; `undefined` if the file leaves it out. */
  value(key: string): unknown {
    this.#read.add(key);
    const value = Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
    return value === null ? undefined : value;
  }

  /** The fields that have a value, and that no one has asked for. */
  unread(): readonly string[] {
    return Object.keys(this.#fields).filter((key) => this.#fields[key] !== null && !this.#read.has(key));
  }

  /** Counts those fields as read that only repeat the ones of a layer inside this one, as TF.js writes them. */
  skipRepeated(inner: Settings): void {
    for (const [key, value] of Object.entries(this.#fields))
      if (Object.hasOwn(inner.#fields, key) && JSON.stringify(value) === JSON.stringify(inner.#fields[key])) this.#read.add(key);
  }

  /** Whether a field is `null`, for fields where leaving it out means something else. */
  isNull(key: string): boolean {
    return this.#fields[key] === null;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(key, 'a number');
    return value;
  }

  /** A whole number of at least `least`. */
  whole(key: string, fallback?: number, least = 1): number {
    return this.#checkWhole(this.value(key) ?? fallback, key, least);
  }

  /** `count` whole numbers; one number in the file is taken for all. */
  wholes(key: string, count: number, fallback?: number, least = 1): readonly number[] {
    const value = this.value(key) ?? fallback;
    const list: readonly unknown[] = Array.isArray(value) ? value : Array<unknown>(count).fill(value);
    if (list.length !== count) throw this.wrong(key, `one whole number, or ${count}`);
    return list.map((each) => this.#checkWhole(each, key, least));
  }

  /** A list of whole numbers, negative ones too; one number is a list of one. */
  list(key: string): readonly number[] {
    const value = this.value(key);
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > LIMITS.rank) throw this.wrong(key, `at most ${LIMITS.rank} whole numbers`);
    return list.map((each) => this.#checkWhole(each, key, -LIMITS.rank));
  }

  choice<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.value(key) ?? fallback;
    const found = choices.find((each) => each === value);
    if (found === undefined) throw this.wrong(key, choices.map((each) => `"${each}"`).join(' or '));
    return found;
  }

  /** An axis of a tensor of `rank` dimensions; a negative one counts from the end. */
  axis(key: string, rank: number, fallback?: number): number {
    const axes = this.value(key) === undefined && fallback !== undefined ? [fallback] : this.list(key);
    if (axes.length !== 1) throw this.wrong(key, 'one axis');
    return this.axisOf(axes[0] as number, key, rank);
  }

  /** The same for a number that was read before. */
  axisOf(given: number, key: string, rank: number): number {
    const axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis >= rank) throw broken(`${this.what} has ${key} ${given}, but its input has ${rank} dimensions.`);
    return axis;
  }

  /** A layer inside this one, the same object for each call. */
  inner(key: string): Settings {
    return this.#innerOf(this.value(key), key);
  }

  /** Several layers inside this one. */
  inners(key: string): readonly Settings[] {
    const list = arrayAt(this.value(key), `${this.what}'s ${key}`, LIMITS.layers);
    return list.map((entry, index) => this.#innerOf(entry, `${key}[${index}]`));
  }

  #innerOf(value: unknown, key: string): Settings {
    const known = this.#inner.get(key);
    if (known !== undefined) return known;
    const place = `${this.what}'s ${key}`;
    const entry = objectAt(value, place);
    const config = objectAt(entry['config'], `${place}.config`);
    const kind = nameAt(entry['class_name'], `${place}.class_name`);
    const within = `layer "${this.name}" (${this.kind})${this.within === '' ? '' : ` in ${this.within}`}`;
    const inner = new Settings(kind, nameAt(config['name'], `${place}.config.name`), config, this.keras, within);
    this.#inner.set(key, inner);
    return inner;
  }

  /** The layers inside this one that were asked for. */
  innerSettings(): Iterable<Settings> {
    return this.#inner.values();
  }

  /** Refuses a value that no rule computes. */
  only(key: string, known: readonly unknown[], why: string): void {
    const value = this.value(key);
    if (value !== undefined && !known.includes(value)) throw this.refused(`with ${key} ${describe(value)}: ${why}`);
  }

  /** The error for a field with a wrong value. */
  wrong(key: string, wanted: string): PannierError {
    return broken(`${this.what} has ${key} ${describe(this.value(key))}; ${wanted} is wanted.`);
  }

  /** The error for a layer without a rule. @param next how the model can be packed all the same */
  refused(why: string, next: string = CONVERT): PannierError {
    return broken(`${this.what} is not taken ${why}. ${next}`, { layer: this.name, node: this.name, op: this.kind, format: 'keras' });
  }

  #checkWhole(value: unknown, key: string, least: number): number {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) >= LIMITS.elements)
      throw this.wrong(key, `a whole number from ${least}`);
    return value as number;
  }
}
