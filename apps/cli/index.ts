/** The `pannier` program. */
import { messageOf } from '../../src/base/errors.js';
import { main } from './cli.js';

// A timer or a promise of a config may fail after the import.
process.on('uncaughtException', (thrown) => {
  const [where = ''] = /file:[^\s)]+/.exec(String(thrown?.stack)) ?? [];
  end(1, `pannier: ${messageOf(thrown).replace(/\s+/g, ' ')}, thrown outside of any step ${where}\n`);
});

end(await main(process.argv.slice(2)), '');

/** Exits as soon as all output is written, since a timer or a server of a config would keep the process alive. */
function end(exitCode: number, line: string): void {
  process.stdout.write('', () => process.stderr.write(line, () => process.exit(exitCode)));
}
