/** Layers models: whatever stands in a model.json is either lowered to a graph that holds together, or refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { verify } from '../../../src/graph/verify.js';
import { readModel } from '../../../src/pack/model/read.js';
import { readSignature } from '../../../src/pack/model/signature.js';
import { saveLayers } from '../../fixtures/layers.js';
import { LAYERS_MODELS } from '../../fixtures/layers-models.js';
import { folderOf } from '../folder.js';
import { changed, jsonPoison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

const folder = folderOf('layers');
const names = Object.keys(LAYERS_MODELS);

interface Saved {
  readonly path: string;
  readonly json: unknown;
}

const saved = new Map<string, Promise<Saved>>();

/** A model as `tf.LayersModel.save` writes it; made once. */
function save(name: string): Promise<Saved> {
  const make = async () => {
    const path = await saveLayers(LAYERS_MODELS[name]!().model, join(folder, name.replace(/\W/g, '-')));
    return { path, json: JSON.parse(readFileSync(path, 'utf8')) as unknown };
  };
  const known = saved.get(name) ?? make();
  saved.set(name, known);
  return known;
}

/** The changes of a model that is made when it is needed. */
const inputs = fc.record({ name: fc.constantFrom(...names), seed: fc.nat() });

export const layers = surface({
  name: 'layers',
  share: 60,
  inputs,
  async feed({ name, seed }) {
    const { path, json } = await save(name);
    const [input] = fc.sample(changed(fc.constant(json), jsonPoison), { seed, numRuns: 1 });
    writeFileSync(path, JSON.stringify(input) ?? '');
    return refusable(async () => {
      const { graph, ends, hints } = await readModel(path);
      try {
        verify(graph);
        readSignature(ends, {}, hints);
      } catch (thrown) {
        throw new Error(`What was lowered is no graph: ${String(thrown)}`);
      }
    });
  },
});
