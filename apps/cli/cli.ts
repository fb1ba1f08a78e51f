/** Finds the command that the arguments name, and runs it. */
import { PannierError } from '../../src/base/errors.js';
import { nearest } from '../../src/base/nearest.js';
import { VERSION } from '../../src/base/versions.js';
import type { Command } from './command.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { exportCommand } from './export.js';
import { packCommand } from './pack.js';
import { predictCommand } from './predict.js';
import { plain } from './print.js';
import { tryCommand } from './try.js';

const COMMANDS: Readonly<Record<string, Command>> = {
  ...{ pack: packCommand, predict: predictCommand, doctor: doctorCommand, diff: diffCommand, try: tryCommand, export: exportCommand },
};

const USAGE = `pannier ${VERSION}\n\nUsage:\n${Object.values(COMMANDS)
  .map(({ usage }) => usage)
  .join('\n')}
  pannier --version`;

/**
 * Runs the command that the arguments name. A failure is one line on stderr and exit code 1.
 * @returns the exit code of the process
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || rest.includes('--help')) {
    const asked = name === '--help' || rest.includes('--help');
    if (!asked && name !== undefined) {
      const meant = nearest(name, Object.keys(COMMANDS));
      const next = meant === undefined ? 'pannier --help lists them.' : `Is ${meant} meant?`;
      process.stderr.write(`pannier: There is no command ${plain(name)}; there are ${Object.keys(COMMANDS).join(', ')}. ${next}\n`);
      return 1;
    }
    (asked ? process.stdout : process.stderr).write(`${USAGE}\n`);
    return asked ? 0 : 1;
  }
  try {
    return await command.run(rest);
  } catch (thrown) {
    // A bug is printed with its stack; for a wrong option or a broken model the message is enough.
    const isTyped = thrown instanceof PannierError || (thrown as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
    const text = isTyped ? plain((thrown as Error).message) : String((thrown as Error).stack ?? thrown);
    process.stderr.write(`pannier: ${text}\n`);
    return 1;
  }
}
