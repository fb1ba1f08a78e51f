/** One model on one backend, held against the cpu backend output by output. */
import { withModel } from './browser.mjs';
import { decode, inputsOf, packed, reference } from './reference.mjs';

/** How far a value may be off: this share of the largest magnitude in its output, or of 1. */
const TOLERANCE = 1e-4;

/**
 * Packs and runs a model.
 * @returns for each backend: `refused`, the golden sample's or the backend's own reason, if any; `outputs`, each
 * with its number of `values`, the `share` of them that is off, and `farthest`, the largest distance in tolerances;
 * `instead`, where an app that allows cpu too then gets its answer from, and whether that is the reference
 */
export async function conform(browser, name, backends) {
  const { folder, source } = await packed(name);
  const feeds = inputsOf(name, source);
  return withModel(browser, folder, feeds, async (ask) => {
    const wanted = await reference(name, source, feeds, async () => (await ask(['cpu'], false)).outputs);
    const results = {};
    for (const backend of backends) {
      const judged = await ask([backend], true);
      const { reason } = judged.selection[0];
      // Refused, it still shows how wrong it would have been; a backend that cannot run the graph shows nothing.
      const { outputs } = reason === undefined ? judged : await ask([backend], false);
      results[backend] = {
        ...(reason !== undefined && { refused: reason, instead: await insteadOf(ask, backend, wanted) }),
        ...(outputs !== undefined && { outputs: distances(wanted, decode(outputs)) }),
      };
    }
    return results;
  });
}

async function insteadOf(ask, backend, wanted) {
  const { outputs, selection } = await ask([backend, 'cpu'], true);
  const { backend: chosen } = selection.find(({ state }) => state === 'chosen') ?? {};
  const isReference = outputs !== undefined && Object.values(distances(wanted, decode(outputs))).every(({ share }) => share === 0);
  return { chosen, isReference };
}

function distances(wanted, got) {
  return Object.fromEntries(
    Object.entries(wanted).map(([output, { data, shape }]) => {
      const other = got[output];
      if (other.shape.join() !== shape.join()) return [output, { values: data.length, share: 1, farthest: null }];
      const tolerance = TOLERANCE * data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
      let [off, farthest] = [0, 0];
      for (const [index, value] of data.entries()) {
        const distance = Object.is(value, other.data[index]) ? 0 : Math.abs(value - other.data[index]) / tolerance;
        // NaN is off, too.
        if (!(distance <= 1)) off++;
        farthest = Math.max(farthest, distance);
      }
      return [output, { values: data.length, share: off / data.length, farthest }];
    }),
  );
}
