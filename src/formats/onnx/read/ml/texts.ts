/** Texts of a model: the graph has none, so that a tensor of texts holds their places in a list. */

/** A list of texts. That of an input grows by the categories that nodes look for; others are complete. */
export class Vocabulary {
  readonly #places = new Map<string, number>();
  readonly #words: string[] = [];
  readonly #grows: boolean;

  private constructor(words: readonly string[], grows: boolean) {
    for (const word of words) this.#add(word);
    this.#grows = grows;
  }

  /** A complete list. */
  static of(words: readonly string[]): Vocabulary {
    return new Vocabulary(words, false);
  }

  /** The list of an input's categories. */
  static ofInput(): Vocabulary {
    return new Vocabulary([], true);
  }

  /** The texts in their order. */
  get words(): readonly string[] {
    return this.#words;
  }

  /** The places of texts; -1, which no tensor holds, where a complete list lacks one. */
  placesOf(texts: readonly string[]): readonly number[] {
    return texts.map((text) => this.#places.get(text) ?? (this.#grows ? this.#add(text) : -1));
  }

  #add(word: string): number {
    const place = this.#words.push(word) - 1;
    if (!this.#places.has(word)) this.#places.set(word, place);
    return place;
  }
}

/** The lists of a tensor's texts: one for all elements, or one for each place along the last axis. */
export type Vocabularies = readonly Vocabulary[];

/** Facts about the tensors of a file that their values do not tell. */
export class Notes {
  readonly #texts = new Map<string, Vocabularies>();
  readonly #classNames = new Map<string, readonly string[]>();

  /** The lists of a tensor's texts; undefined if it holds numbers. */
  texts(tensor: string): Vocabularies | undefined {
    return this.#texts.get(tensor);
  }

  setTexts(tensor: string, texts: Vocabularies): void {
    this.#texts.set(tensor, texts);
  }

  /** The names of the classes along the last axis of scores. */
  classNames(tensor: string): readonly string[] | undefined {
    return this.#classNames.get(tensor);
  }

  setClassNames(tensor: string, names: readonly string[]): void {
    this.#classNames.set(tensor, names);
  }

  /** Notes the facts about a tensor for another one that holds the same. */
  alias(tensor: string, of: string): void {
    const [texts, names] = [this.texts(of), this.classNames(of)];
    if (texts !== undefined) this.setTexts(tensor, texts);
    if (names !== undefined) this.setClassNames(tensor, names);
  }
}
