/** What every command of `pannier` is. */

/** A command: what it says about itself, and what it does with the rest of the command line. */
export interface Command {
  readonly usage: string;
  /** @returns the process's exit code */
  run(args: readonly string[]): Promise<number>;
}
