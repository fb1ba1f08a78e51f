/** Runs a case on a TF.js backend, and compares its answer with the reference's. */

import type { DType, OwnedArray } from '../../src/base/dtype.js';
import type { Engine, RawOutput } from '../../src/engines/engine.js';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { writeTfjs } from '../../src/formats/tfjs/write.js';
import type { Graph } from '../../src/graph/graph.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Feed } from '../../src/preprocess/feed.js';

/** The reference's answers, one for each output of the graph. */
export const expectedOf = (graph: Graph, feeds: Readonly<Record<string, Tensor>>): readonly Tensor[] => {
  const answers = openReference(graph).run(new Map(Object.entries(feeds)));
  return graph.outputs.map(({ name }) => answers.get(name) as Tensor);
};

/** The answers of a written graph on an engine. */
export async function answersOn(engine: Engine, graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<readonly RawOutput[]> {
  const { topology, weights, inputs, outputs } = writeTfjs(graph);
  const specs = weights.map(({ bytes: _, ...spec }) => spec);
  const file = { format: 'graph-model', modelTopology: topology, weightsManifest: [{ paths: [], weights: specs }] };
  const bytes = Buffer.concat(weights.map((weight) => weight.bytes));
  const names = outputs.map((_, index) => `output ${index}`);
  const session = await engine.open({
    name: 'case',
    graph: new Uint8Array(Buffer.from(JSON.stringify(file))).buffer,
    weights: bytes.length === 0 ? [] : [new Uint8Array(bytes).buffer],
    signature: {
      inputs: Object.fromEntries(graph.inputs.map(({ name }, index) => [name, { node: inputs[index] as string }])),
      outputs: Object.fromEntries(names.map((name, index) => [name, { node: outputs[index] as string }])),
    },
    controlFlow: false,
  });
  try {
    const given = graph.inputs.map(({ name }): Feed => {
      const { dataType, shape, data } = feeds[name] as Tensor;
      return { kind: 'tensor', name, dtype: dataType as DType, shape, data: data as OwnedArray };
    });
    return (await session.run({ feeds: given, outputs: names, deadlineMs: 60_000 })).outputs;
  } finally {
    session.dispose();
  }
}
