/** The compiled engine: `?build=relaxed` or `?build=simd` in the address of this file says which module it opens. */
import { DTYPES } from '../../../src/base/dtype.js';
import { start } from '../../../src/engines/compiled/wasm.js';
import { faceTypeOf } from '../../../src/graph/element-type.js';
import type { Feed } from '../../../src/preprocess/feed.js';
import { fetched } from '../fetched-data.js';
import type { Input, Open } from './library.js';

const build = new URL(import.meta.url).searchParams.get('build');

export const open: Open = async ({ folder, about, inputs }) => {
  const engine = await start({});
  const [graph, weights] = await Promise.all([fetched(`${folder}/${build}.wasm`), fetched(`${folder}/weights.bin`)]);
  const session = await engine.open({ name: folder, graph, weights: [weights], controlFlow: false });
  const feeds = inputs.map(feedOf);
  return {
    run: async () => (await session.run({ feeds, outputs: about.outputs.compiled, deadlineMs: 60_000 })).outputs,
    close: () => engine.dispose(),
  };
};

function feedOf({ name, dataType, shape, data }: Input): Feed {
  const dtype = faceTypeOf(dataType);
  return { kind: 'tensor', name, dtype, shape, data: new DTYPES[dtype](data) };
}
