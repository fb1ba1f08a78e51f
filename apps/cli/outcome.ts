/** How a command for people and for programs ends: with its text, or one line that says why not. */
import { asPannierError, messageOf } from '../../src/base/errors.js';
import { badOption } from '../../src/pack/options.js';
import { Interrupted } from './interrupted.js';
import { plain } from './print.js';

/**
 * Prints what `work` gives. Where it fails, one line on stderr, and with `json` also `{ error }` on stdout;
 * where it was interrupted, the process ends by that signal.
 * @returns the process's exit code
 */
export async function printOutcome(json: boolean, work: () => Promise<string>): Promise<number> {
  try {
    await print(await work());
    return 0;
  } catch (thrown) {
    if (thrown instanceof Interrupted) {
      process.kill(process.pid, thrown.signal);
      return 1;
    }
    const isUsage = (thrown as { code?: string } | null)?.code?.startsWith('ERR_PARSE_ARGS') === true;
    const { code, message, detail } = isUsage ? badOption(messageOf(thrown)) : asPannierError(thrown, 'predict', 'unexpected');
    if (json) await print(`${JSON.stringify({ error: { code, message, detail } })}\n`);
    process.stderr.write(`pannier: ${plain(message)}\n`);
    return 1;
  }
}

/** Until it is written; a reader that went away, as `head` does, is no failure. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? resolve() : reject(error));
    process.stdout.once('error', onError);
    process.stdout.write(text, (error) => (error ? onError(error) : resolve()));
  });
}
