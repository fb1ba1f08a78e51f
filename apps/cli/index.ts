/** The `pannier` program. */
import { messageOf } from '../../src/base/errors.js';
import { main } from './cli.js';

// A config may leave a timer or a promise behind that fails when nobody waits for it.
process.on('uncaughtException', (thrown) => {
  const [where = ''] = /file:[^\s)]+/.exec(String(thrown?.stack)) ?? [];
  end(1, `pannier: ${messageOf(thrown).replace(/\s+/g, ' ')}, thrown outside of any step ${where}\n`);
});

end(await main(process.argv.slice(2)), '');

/** A config may leave something behind that would keep the program waiting for ever. What was printed gets out first. */
function end(exitCode: number, line: string): void {
  process.stdout.write('', () => process.stderr.write(line, () => process.exit(exitCode)));
}
