/** Names that differ from each other. */
export class Names {
  readonly #taken = new Set<string>();
  /** How many numbers have been tried behind a name: without it, many equal names would take a time that grows with their square. */
  readonly #counts = new Map<string, number>();

  /** A name that nothing has taken yet: the wanted one, or one with a number behind it. @param isRefused whether a name may not be */
  take(wanted: string, isRefused: (name: string) => boolean = () => false): string {
    let count = this.#counts.get(wanted) ?? 0;
    let name = count === 0 ? wanted : `${wanted}_${count}`;
    while (this.#taken.has(name) || isRefused(name)) name = `${wanted}_${++count}`;
    this.#counts.set(wanted, count);
    this.#taken.add(name);
    return name;
  }
}
