/** `pannier doctor`: what a model costs its visitors, on which backends it can run, and with `--run` its errors and times there. */
import { parseArgs } from 'node:util';
import { badOption } from '../../src/pack/options.js';
import type { Command } from './command.js';
import { showDiagnosis } from './diagnosis.js';
import { examine } from './examine.js';
import { dumpGraph } from './graph-dump.js';
import { untilInterrupted } from './interrupted.js';
import { printOutcome } from './outcome.js';
import { FIXED_USAGE, MODEL_USAGE, packedModel } from './packed.js';
import { readPacked } from './packed-files.js';
import { fixedInputs } from './pairs.js';
import { showPasses } from './passes.js';
import { onPaper } from './print.js';
import { tryBackends } from './trial.js';

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const SWITCH = { type: 'boolean' } as const;
const FLAGS = {
  ...{ run: SWITCH, json: SWITCH, graph: SWITCH, passes: SWITCH, bisect: SWITCH },
  ...{ runs: TEXT, timeout: TEXT, browser: TEXT, config: TEXT, shape: TEXTS, constant: TEXTS },
} as const;

/** The `doctor` command. */
export const doctorCommand: Command = {
  usage: `  pannier doctor MODEL [flags]                  what a model weighs, and which backends can run it
    ${MODEL_USAGE} (--config FILE)
    ${FIXED_USAGE}
    --run    also runs it on each backend in an installed browser, on seeded random input: errors against cpu, times
    --runs N (20, fewer where a call takes long)  --timeout SECONDS for each backend (120)  --browser PATH (PANNIER_CHROMIUM):
             each of them means --run
    --json   one object; what is no finite number is null
    --graph  instead of all this: the graph of a model file or a packed folder, a line for each node, and how often each op occurs
    --passes  instead of all this: each change that packing makes in the graph of a model file before it writes it
    --passes --bisect  runs the golden samples before and after these changes, and finds the first one that is wrong`,
  run(args) {
    const json = args.includes('--json');
    return printOutcome(json, async () => {
      const { model, config, fixed, run, graph, passes, bisect, ...flags } = readFlags(args);
      if (graph) return dumpGraph(model, config, fixed);
      if (passes) return showPasses(model, config, bisect, fixed);
      const diagnosis = await untilInterrupted(async (surroundings) => {
        const { folder, overBudget } = await packedModel(model, config, surroundings, fixed);
        const manifest = await readPacked(folder);
        const facts = await examine(manifest, folder);
        return { facts, overBudget, trials: run ? await tryBackends({ ...flags, ...surroundings, manifest, folder }) : undefined };
      });
      return json ? `${JSON.stringify(merged(diagnosis))}\n` : showDiagnosis(diagnosis, onPaper(process.stdout), process.stdout.columns);
    });
  },
};

type Diagnosis = Parameters<typeof showDiagnosis>[0];

/** One object in which the facts and the outcome of each backend are merged. */
function merged({ facts, overBudget, trials }: Diagnosis): object {
  const backends = Object.entries(facts.backends).map(([name, known]) => [
    name,
    { ...known, ...trials?.backends[name as keyof typeof facts.backends] },
  ]);
  return { ...facts, overBudget, backends: Object.fromEntries(backends), ...(trials && { browser: trials.browser }) };
}

/**
 * Reads the command line of `pannier doctor`.
 * @throws {PannierError} `options` if an argument is missing, unknown or not what its flag takes
 */
export function readFlags(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  const { runs, timeout = '120', browser: path, config, graph = false, passes = false, bisect = false } = values;
  const run = values.run === true || [runs, values.timeout, path].some((flag) => flag !== undefined);
  const [model, ...more] = positionals;
  if (model === undefined) throw badOption(`Say what to examine: pannier doctor MODEL. ${MODEL_USAGE}.`);
  if (more.length > 0) throw badOption(`pannier doctor takes one MODEL, but got also ${more.join(', ')}.`);
  if (runs !== undefined && !/^[1-9]\d{0,5}$/.test(runs))
    throw badOption(`--runs is ${JSON.stringify(runs)}; a whole number from 1 is wanted.`);
  if (!(Number(timeout) > 0)) throw badOption(`--timeout is ${JSON.stringify(timeout)}; seconds above 0 are wanted.`);
  const alone = graph ? '--graph prints the graph alone' : passes ? '--passes prints the changes alone' : undefined;
  if (alone !== undefined && (run || values.json || (graph && passes)))
    throw badOption(`${alone}: it goes without --run, --json and their like.`);
  if (bisect && !passes) throw badOption('--bisect looks for a wrong change among those of --passes: name both.');
  return {
    model,
    config,
    fixed: fixedInputs(values),
    run,
    graph,
    passes,
    bisect,
    path,
    runs: runs === undefined ? undefined : Number(runs),
    timeoutMs: Number(timeout) * 1_000,
  };
}
