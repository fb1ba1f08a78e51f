/** The `pannier` program. */
import { main } from './cli.js';

process.exitCode = await main(process.argv.slice(2));
// A config that failed may have left a timer or a socket, which would keep the program waiting.
if (process.exitCode !== 0) process.stderr.write('', () => process.exit());
