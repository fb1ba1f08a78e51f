/** Files that are packed and run in a real browser, and how far their answers are from others. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withModel } from './browser.mjs';
import { decode } from './reference.mjs';

/** The outputs of each backend in the order in which the model has them. */
export async function answersOfPacked(browser, folder, { signature }, values, backends) {
  const feeds = Object.keys(signature.inputs).map((input, index) => ({ input, kind: 'values', ...values[index] }));
  return withModel(browser, folder, feeds, async (ask) => {
    const answers = {};
    for (const backend of backends) {
      const { outputs, selection } = await ask([backend], true);
      if (outputs === undefined) throw new Error(`${folder} is refused on ${backend}: ${selection[0].reason}`);
      answers[backend] = Object.values(inOrder(decode(outputs), signature));
    }
    return answers;
  });
}

const inOrder = (outputs, { outputs: names }) => Object.fromEntries(Object.keys(names).map((name) => [name, outputs[name]]));

/** The largest distance in any output; infinite where a shape or a NaN differs. */
export function errorOf(wanted, got) {
  const errors = wanted.map(({ shape, data }, index) => {
    const other = got[index];
    if (other.shape.join() !== shape.join()) return Number.POSITIVE_INFINITY;
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const farthest = data.reduce(
      (most, value, at) => Math.max(most, Object.is(value, other.data[at]) ? 0 : Math.abs(value - other.data[at])),
      0,
    );
    return Number.isNaN(farthest) ? Number.POSITIVE_INFINITY : farthest / largest;
  });
  return Math.max(...errors);
}

/** How many ops the packed graph has, and how many of them are transposes. */
export function opsOf(folder) {
  const name = readdirSync(folder).find((each) => each.startsWith('graph-'));
  const { nodes } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  return { ops: nodes.length, transposes: nodes.filter(({ op }) => op === 'transpose').length };
}
