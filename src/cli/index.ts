/** The `pannier` program. */
import { messageOf } from '../errors.js';
import { main } from './cli.js';

// A config may leave a timer or a promise behind that fails when nobody waits for it.
process.on('uncaughtException', (thrown) => {
  const [where = ''] = /file:[^\s)]+/.exec(String(thrown?.stack)) ?? [];
  end(1, `pannier: ${messageOf(thrown).replace(/\s+/g, ' ')}, thrown outside of any step ${where}\n`);
});

const code = await main(process.argv.slice(2));
process.exitCode = code;
// Or one that keeps the program waiting for ever.
if (code !== 0) end(code, '');

function end(exitCode: number, line: string): void {
  process.stderr.write(line, () => process.exit(exitCode));
}
