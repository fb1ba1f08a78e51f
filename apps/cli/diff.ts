/** `pannier diff`: what changes from one packed model to another, for people who read a pull request. */
import { parseArgs } from 'node:util';
import { badOption } from '../../src/pack/options.js';
import type { Command } from './command.js';
import { differenceOf } from './difference/difference.js';
import { differenceMarkdown } from './difference/markdown.js';
import { differenceText } from './difference/text.js';
import { untilInterrupted } from './interrupted.js';
import { printOutcome } from './outcome.js';
import { MODEL_USAGE, packedModel } from './packed.js';
import { onPaper } from './print.js';

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const SWITCH = { type: 'boolean' } as const;
const FLAGS = { ...{ markdown: SWITCH, json: SWITCH }, ...{ image: TEXTS, config: TEXT } } as const;

/** The `diff` command. */
export const diffCommand: Command = {
  usage: `  pannier diff OLD NEW [flags]                  what changes from one model to another: bytes that a visitor downloads
                                                again, work, inputs and outputs, answers to the golden samples of OLD
    each: ${MODEL_USAGE} (--config FILE)
    --image FILE  also compares the answers to this picture; may stand several times
    --markdown    for a pull request    --json   one object; what is no finite number is null`,
  run(args) {
    const json = args.includes('--json');
    return printOutcome(json, async () => {
      const { old, now, images, config, markdown } = readFlags(args);
      const difference = await untilInterrupted(async (surroundings) => {
        const before = await packedModel(old, config, surroundings);
        const after = await packedModel(now, config, surroundings);
        return differenceOf({ old: before.folder, new: after.folder }, images, surroundings);
      });
      if (json) return `${JSON.stringify(difference)}\n`;
      return markdown ? differenceMarkdown(difference) : differenceText(difference, onPaper(process.stdout));
    });
  },
};

/**
 * Reads the command line of `pannier diff`.
 * @throws {PannierError} `options` if an argument is missing, unknown or not what its flag takes
 */
export function readFlags(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { markdown = false, json = false, image: images = [], config } = values;
  const [old, now, ...more] = positionals;
  if (old === undefined || now === undefined) throw badOption(`Say what to compare: pannier diff OLD NEW. Each of them: ${MODEL_USAGE}.`);
  if (more.length > 0) throw badOption(`pannier diff takes OLD and NEW, but got also ${more.join(', ')}.`);
  if (markdown && json) throw badOption('--markdown and --json are two forms of the same: choose one.');
  return { old, now, images, config, markdown };
}
