/**
 * Brings the packed folders of one config up to date, in a thread of its own: each run imports the config and its modules
 * anew, a dev server answers meanwhile, and what TF.js keeps in memory ends with the thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import { ofModel, readConfig } from '../pack/config.js';
import type { Reads } from '../pack/files/open.js';
import { packAnew, resolvePackOptions } from '../pack/pack.js';
import { keptResult, type ResolvedPackOptions, readFolder } from '../pack/stamp.js';
import type { Message, Report } from './packing.js';
import { namedFiles, untilWritten } from './sources.js';

const say = (message: Message): void => parentPort?.postMessage(message);

say(await packStale(workerData as string));

async function packStale(config: string): Promise<Report> {
  const sources = await namedFiles(config);
  const models: Report['models'][number][] = [];
  const [packed, warnings, absent, failures]: [string[], string[], string[], string[]] = [[], [], [], []];
  try {
    say('config');
    const configured = await readConfig(config);
    say('models');
    for (const { key, options } of configured) {
      const reads: Reads = new Map();
      try {
        const checked = resolvePackOptions(options);
        models.push({ name: checked.name, folder: checked.out });
        const folder = await readFolder(checked);
        for (const path of folder.sources) sources.add(path);
        if (keptResult(folder, checked.check) !== undefined) {
          if (folder.absent !== undefined) absent.push(ofName(checked, folder.absent));
          continue;
        }
        await untilWritten([checked.model, ...sources]);
        packed.push(await packOne(checked, reads, warnings));
      } catch (thrown) {
        failures.push(ofModel(key, thrown));
      }
      for (const path of reads.keys()) sources.add(path);
    }
  } catch (thrown) {
    failures.push(messageOf(thrown));
  }
  return { models, packed, warnings, absent, failures, sources: [...sources] };
}

async function packOne(options: ResolvedPackOptions, reads: Reads, warnings: string[]): Promise<string> {
  const { out, files, bytes, warnings: said } = await packAnew(options, { reads, onStep: (model, step) => say({ model, step }) });
  warnings.push(...said.map((warning) => ofName(options, warning)));
  return `"${options.name}" packed: ${files.length} files, ${bytes} bytes in ${out}`;
}

function ofName({ name }: ResolvedPackOptions, text: string): string {
  return `"${name}": ${text}`;
}
