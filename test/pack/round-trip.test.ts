/** Real models that are read into the graph and written again answer on TF.js's cpu backend with the bits of the original. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Engine, RawOutput } from '../../src/engines/engine.js';
import { start } from '../../src/engines/tfjs/cpu.js';
import { ASYNC_OPS } from '../../src/formats/tfjs/tfjs-table.js';
import { goldenFeeds } from '../../src/golden/feeds.js';
import { readPicture } from '../../src/pack/golden/picture.js';
import { planGolden } from '../../src/pack/golden/plan.js';
import { withRunner } from '../../src/pack/golden/run.js';
import { resolveInputs } from '../../src/pack/inputs/inputs.js';
import { readModel } from '../../src/pack/model/read.js';
import { type GraphSignature, readSignature } from '../../src/pack/model/signature.js';
import { graphFiles } from '../../src/pack/out/graph-files.js';
import { MODELS, modelFile, NEEDED } from '../conformance/models.mjs';
import { LONG_MS, runs } from '../tier.js';

/** Quick ones come first, for the runs that do not try all. */
const FIRST = ['mobileface', 'gender', 'facemesh-attention-pinto'];
const tried = [...FIRST, ...MODELS.filter((name) => !FIRST.includes(name))].slice(0, runs(MODELS.length, 2));

/** The models whose graph has a part that only TF.js can run. */
const OPAQUE = ['faceboxes', 'handtrack', 'rvm'];

interface Files {
  readonly graph: Uint8Array;
  readonly weights: readonly Uint8Array[];
  readonly controlFlow: boolean;
  readonly signature: GraphSignature;
}

/** The files of a model as they were made. */
function original(name: string, signature: GraphSignature): Files {
  const graph = readFileSync(modelFile(name));
  const json = JSON.parse(graph.toString()) as {
    modelTopology: { node: { op: string }[] };
    weightsManifest: { paths: string[] }[];
  };
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  return {
    ...{ graph, signature },
    weights: paths.map((path) => readFileSync(join(dirname(modelFile(name)), path))),
    controlFlow: json.modelTopology.node.some(({ op }) => ASYNC_OPS.has(op)),
  };
}

async function answersOf(engine: Engine, { graph, weights, controlFlow, signature }: Files, feeds: ReturnType<typeof goldenFeeds>) {
  const nodes = (side: readonly { readonly name: string; readonly node: string }[]) =>
    Object.fromEntries(side.map(({ name, node }) => [name, node]));
  const file = {
    ...JSON.parse(Buffer.from(graph).toString()),
    nodes: { inputs: nodes(signature.inputs), outputs: nodes(signature.outputs) },
  };
  const outputs = signature.outputs.map(({ name }) => name);
  const session = await engine.open({
    ...{ name: 'model', controlFlow, graph: new TextEncoder().encode(JSON.stringify(file)).buffer },
    weights: weights.map((bytes) => new Uint8Array(bytes).buffer),
  });
  try {
    const { outputs: answers } = await session.run({ feeds, outputs, deadlineMs: LONG_MS });
    return Object.fromEntries(outputs.map((name, index) => [name, answers[index] as RawOutput]));
  } finally {
    session.dispose();
  }
}

/** The largest difference, as a share of the largest value. */
function offBy(wanted: RawOutput, got: RawOutput): number {
  let [difference, scale] = [0, 0];
  for (let index = 0; index < wanted.data.length; index++) {
    difference = Math.max(difference, Math.abs((wanted.data[index] as number) - (got.data[index] as number)));
    scale = Math.max(scale, Math.abs(wanted.data[index] as number));
  }
  return difference === 0 ? 0 : difference / scale;
}

test.for(tried)('%s', { timeout: LONG_MS }, async (name, { task }) => {
  const { file, graph, ends, inexpressible } = await readModel(modelFile(name));
  const signature = readSignature(ends, NEEDED[name as keyof typeof NEEDED] ?? {});
  const inputs = resolveInputs(signature.inputs, () => undefined);
  const [plan] = planGolden(inputs, await readPicture(undefined), graph);
  if (plan === undefined) throw new Error('There is a plan for each model.');
  const specs = Object.fromEntries(inputs.map((input) => [input.name, input.spec]));
  const feeds = goldenFeeds(specs, { inputs: plan.samples[0] }, new Uint8Array(plan.bytes).buffer);

  const engine = await start({});
  const files = graphFiles(graph, signature);
  const before = await answersOf(engine, original(name, signature), feeds);
  const written = { ...files, graph: files.tfjs.bytes, weights: files.shards.map(({ bytes }) => bytes) };
  const after = await answersOf(engine, written, feeds);
  expect(after).toEqual(before);
  expect(inexpressible.length > 0).toBe(OPAQUE.includes(name));

  const truth = await withRunner({ file, graph, signature }, (runner) => runner.run(feeds));
  const off = Math.max(...Object.entries(before).map(([output, answer]) => offBy(answer, truth[output] as RawOutput)));
  expect(off).toBeLessThan(1e-3);
  task.meta.evidence = { [name]: { opaque: inexpressible.map(({ op }) => op), referenceOffBy: off } };
});
