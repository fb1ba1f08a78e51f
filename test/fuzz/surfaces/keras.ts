/** Models of Keras 3, in whose configs anything may stand: each is lowered to a graph that holds together, or refused. */
import fc from 'fast-check';
import { lowerLayers } from '../../../src/formats/keras/lower.js';
import { verify } from '../../../src/graph/verify.js';
import type { Json } from '../../fixtures/layers.js';
import { SAVED, topologyOf, weightsOf } from '../../keras/saved-models.js';
import { changed, jsonPoison } from '../mutation.js';
import { refusable, surface } from '../surface.js';

/** A model, and the changes of its config. */
const inputs = fc.record({ number: fc.nat(SAVED.length - 1), seed: fc.nat() });

export const keras = surface({
  name: 'keras',
  share: 60,
  inputs,
  async feed({ number, seed }) {
    const saved = SAVED[number]!;
    const [topology] = fc.sample(changed(fc.constant<unknown>(topologyOf(saved)), jsonPoison), { seed, numRuns: 1 });
    // Whoever reads the file has seen that the topology is an object.
    if (typeof topology !== 'object' || topology === null || Array.isArray(topology)) return 'refused';
    return refusable(() => {
      const { graph } = lowerLayers(topology as Json, weightsOf(saved), 'model.json');
      try {
        verify(graph);
      } catch (thrown) {
        throw new Error(`What was lowered is no graph: ${String(thrown)}`);
      }
    });
  },
});
