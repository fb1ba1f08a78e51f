/**
 * Brings packed folders up to date, in a thread of its own: each run imports the config, and what that
 * imports, anew; a dev server answers meanwhile; and what TF.js keeps goes with the thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import { checkOptions } from '../pack/check-options.js';
import { ofModel, readConfig } from '../pack/config.js';
import type { Reads } from '../pack/files/open.js';
import type { PackOptions } from '../pack/options.js';
import { packStamped, readStamp } from '../pack/stamp.js';
import type { Message, Outcome } from './packing.js';
import { namedFiles, settled } from './sources.js';

const say = (message: Message): void => parentPort?.postMessage(message);

say(await packStale(workerData as string));

async function packStale(config: string): Promise<Omit<Outcome, 'startedMs'>> {
  const sources = await namedFiles(config);
  const outcome = { models: [] as Outcome['models'][number][], packed: [] as string[], warnings: [] as string[], failures: [] as string[] };
  try {
    say('config');
    const models = await readConfig(config);
    say('models');
    for (const { key, options } of models) {
      const reads: Reads = new Map();
      try {
        checkOptions(options);
        outcome.models.push({ name: options.name as string, folder: options.out });
        const stamp = await readStamp(options);
        for (const path of stamp?.sources ?? []) sources.add(path);
        if (stamp?.fresh) continue;
        await settled([options.model, ...sources]);
        outcome.packed.push(await packOne(options, reads, outcome.warnings));
      } catch (thrown) {
        outcome.failures.push(ofModel(key, thrown));
      }
      for (const path of reads.keys()) sources.add(path);
    }
  } catch (thrown) {
    outcome.failures.push(messageOf(thrown));
  }
  return { ...outcome, sources: [...sources] };
}

async function packOne(options: PackOptions, reads: Reads, warnings: string[]): Promise<string> {
  const { manifest, out, files, bytes, warnings: said } = await packStamped(options, reads);
  warnings.push(...said.map((warning) => `"${manifest.name}": ${warning}`));
  return `"${manifest.name}" packed: ${files.length} files, ${bytes} bytes in ${out}`;
}
