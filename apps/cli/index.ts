/** The `pannier` program. */
import { writeSync } from 'node:fs';
import { messageOf } from '../../src/base/errors.js';
import { main } from './cli.js';

// A timer or a promise of a config may fail after the import.
process.on('uncaughtException', (thrown) => {
  const [where = ''] = /file:[^\s)]+/.exec(String(thrown?.stack)) ?? [];
  end(1, `pannier: ${messageOf(thrown).replace(/\s+/g, ' ')}, thrown outside of any step ${where}\n`);
});

// Node ends a process with this code, and without a word, if nothing is left that a promise could wait for.
const NEVER_SETTLED = 13;
process.on('exit', () => {
  if (process.exitCode !== NEVER_SETTLED) return;
  writeSync(process.stderr.fd, 'pannier: The command waits for what never comes, such as an import whose top-level await never ends.\n');
  process.exitCode = 1;
});

end(await main(process.argv.slice(2)), '');

/** Exits as soon as all output is written, since a timer or a server of a config would keep the process alive. */
function end(exitCode: number, line: string): void {
  process.stdout.write('', () => process.stderr.write(line, () => process.exit(exitCode)));
}
