/** `pannier doctor --passes`: what packing changes in a model's graph before it is written, and with `--bisect` which change is wrong. */
import type { Graph } from '../../src/graph/graph.js';
import { badOption } from '../../src/pack/options.js';
import { bisectPasses, type PassesTried, tryPasses } from '../../src/pack/simplify.js';
import type { Pass } from '../../src/passes/pass.js';
import { PORTABLE_PASSES } from '../../src/passes/portable-passes.js';
import { rewriteText } from '../../src/passes/rewrite-text.js';
import type { Rewrite } from '../../src/passes/run-passes.js';
import { findModel } from './packed.js';
import type { FixedInputs } from './pairs.js';
import { plain, showBytes } from './print.js';

/**
 * Runs the passes over the graph of a model file.
 * @param model a model.json, or a name in the config
 * @param isBisected whether the golden samples are run, and the first wrong rewrite is looked for
 * @param fixed what goes before the config's options of inputs
 * @param passes those of packing, unless a test has others
 * @throws {PannierError} `options` if nothing is found, `model-format` if the file means no graph
 */
export async function showPasses(
  model: string,
  config: string | undefined,
  isBisected: boolean,
  fixed: FixedInputs = {},
  passes: readonly Pass[] = PORTABLE_PASSES,
): Promise<string> {
  const found = await findModel(model, config, fixed);
  if (found.folder !== undefined)
    throw badOption(`--passes reads a model file, but ${model} is packed: its graph is what the passes left. --graph prints it.`);
  return found.step(async () => {
    const { options } = found;
    return isBisected ? showBisection(await bisectPasses(options, passes)) : showRewrites(await tryPasses(options, passes));
  });
}

/** Each rewrite, how often each pass found its pattern, and what is left. */
function showRewrites({ before, after, rewrites }: PassesTried): string {
  const found = rewrites.map(({ pass }) => pass);
  const counted = [...new Set(found)].map((pass) => `${String(found.filter((each) => each === pass).length).padStart(6)} ${pass}`);
  const nodes = `Nodes: ${before.nodes.length} before, ${after.nodes.length} after.`;
  const weights = `Weights: ${showBytes(weightBytes(before))} before, ${showBytes(weightBytes(after))} after.`;
  return `${[...rewrites.map(showRewrite), counted.join('\n'), `${nodes} ${weights}`].filter((part) => part !== '').join('\n\n')}\n`;
}

function showBisection({ count, share, wrong }: Awaited<ReturnType<typeof bisectPasses>>): string {
  if (wrong === undefined)
    return `None of ${count} rewrites is wrong: they move no output by more than ${share.toPrecision(1)} of its largest value.\n`;
  const { rewrite, problem } = wrong;
  return (
    plain(`Rewrite ${rewrite.number} of ${count}, by the pass "${rewrite.pass}", is wrong: it ${problem}.`) +
    `\n\n${showRewrite(rewrite)}\n`
  );
}

const showRewrite = (rewrite: Rewrite): string =>
  rewriteText(rewrite)
    .split('\n')
    .map((line) => (line.match(/^ */)?.[0] ?? '') + plain(line))
    .join('\n');

const weightBytes = ({ constants }: Graph): number => constants.reduce((sum, { bytes }) => sum + bytes.length, 0);
