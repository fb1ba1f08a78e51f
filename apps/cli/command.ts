/** The interface of the commands of `pannier`. */

/** A command: its lines of the help, and its code. */
export interface Command {
  readonly usage: string;
  /** @param args the arguments after the command's name @returns the exit code of the process */
  run(args: readonly string[]): Promise<number>;
}
