/** Six pipelines of scikit-learn from the file that skl2onnx writes to an app's answer, beside onnxruntime. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openReference } from '../../src/engines/reference/interpreter.js';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { parseModel } from '../../src/formats/onnx/proto.js';
import { readOnnx } from '../../src/formats/onnx/read/read.js';
import { DATA_TYPES } from '../../src/graph/element-type.js';
import type { TypedValue } from '../../src/graph/graph.js';
import { loadModel } from '../../src/index.js';
import type { InputSpec, Manifest } from '../../src/manifest/manifest.js';
import { pack } from '../../src/pack/index.js';
import { rowsFeed, type TabularSpec } from '../../src/preprocess/columns.js';
import { topK } from '../../src/read/index.js';
import { scratch } from '../fixtures/models.js';
import { PIPELINES, type Pipeline } from '../fixtures/sklearn/pipelines.js';

const folder = scratch();
const wasmUrl = new URL(`../../node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`, import.meta.url).href;
const assetUrl = (name: string, url: string) => (name === WASM_BINARY.name ? wasmUrl : url);

/** How far a number may be off, as a share of the largest wanted one. */
const TOLERANCE = 1e-5;

/** The answers of onnxruntime: a label for each row, if there are classes, and the numbers of the other output. */
async function originalAnswers({ file, rows, classes }: Pipeline) {
  const session = await InferenceSession.create(file(false));
  const feeds = Object.keys(rows[0] ?? {}).map((name): [string, OrtTensor] => {
    const cells = rows.map((row) => row[name]);
    const [first] = cells;
    if (typeof first === 'string') return [name, new OrtTensor('string', cells as string[], [rows.length, 1])];
    if (name === 'pclass') return [name, new OrtTensor('int64', BigInt64Array.from(cells as number[], BigInt), [rows.length, 1])];
    return [
      name,
      new OrtTensor('float32', Float32Array.from((cells as (number | number[])[]).flat()), [
        rows.length,
        Array.isArray(first) ? first.length : 1,
      ]),
    ];
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  const labels = classes && Array.from(outputs['output_label']?.data as ArrayLike<string | bigint>, String);
  const scores = outputs['probabilities'] ?? outputs['variable'];
  return { labels, numbers: Array.from((scores?.data ?? []) as ArrayLike<number>) };
}

/** The rows as the app gives them: rows of cells, or numbers. */
function inputsOf({ rows }: Pipeline, { signature }: Manifest): Readonly<Record<string, unknown>> {
  const [name = ''] = Object.keys(signature.inputs);
  if (signature.inputs[name]?.columns !== undefined) return { [name]: rows };
  const cells = rows.flatMap((row) => row['X'] as number[]);
  return { [name]: { data: Float32Array.from(cells), shape: [rows.length, cells.length / rows.length] } };
}

/** The answers of the reference to the graph as read. */
function referenceAnswers(pipeline: Pipeline, { signature }: Manifest): readonly number[] {
  const { graph } = readOnnx(parseModel(pipeline.file(true), 'model.onnx'), new Map(), 'model.onnx');
  const [input] = graph.inputs as readonly [TypedValue];
  const [[name, spec] = ['', {} as InputSpec]] = Object.entries(signature.inputs);
  const given = Object.values(inputsOf(pipeline, { signature } as Manifest))[0];
  const { data, shape } =
    spec.columns === undefined ? (given as { data: Float32Array; shape: readonly number[] }) : rowsFeed(name, spec as TabularSpec, given);
  const { dataType } = input.type;
  const answers = openReference(graph).run(
    new Map([[input.name, { dataType, shape, data: DATA_TYPES[dataType].from(data as Float32Array) }]]),
  );
  return [...(answers.get(graph.outputs.at(-1)?.name ?? '')?.data ?? [])];
}

function expectNear(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [index, value] of wanted.entries()) expect(Math.abs((got[index] as number) - value) / largest).toBeLessThan(TOLERANCE);
}

describe.each(PIPELINES)('$name', (pipeline) => {
  const { rows, classes } = pipeline;
  const packed = (async () => {
    const own = join(folder, pipeline.name.replace(/\W+/g, '-'));
    mkdirSync(own);
    writeFileSync(join(own, 'model.onnx'), pipeline.file(true));
    return pack({ model: join(own, 'model.onnx'), out: join(own, 'out') });
  })();

  it('answers on the reference as in onnxruntime', async () => {
    const { manifest } = await packed;
    expectNear(referenceAnswers(pipeline, manifest), (await originalAnswers(pipeline)).numbers);
  });

  it.runIf(classes !== undefined)('has the same labels without ZipMap', () => {
    const { classNames } = readOnnx(parseModel(pipeline.file(false), 'model.onnx'), new Map(), 'model.onnx');
    expect(classNames.get('probabilities')).toEqual(classes?.map(String));
  });

  it.each(['cpu', 'wasm'] as const)('answers in an app on %s, with the label of each row', async (backend) => {
    const { manifest } = await packed;
    const { labels, numbers } = await originalAnswers(pipeline);
    const model = await loadModel(manifest, { backend, assetUrl, cache: null });
    try {
      const { outputs } = await model.predict(inputsOf(pipeline, manifest) as never);
      const scores = outputs['outputProbability'] ?? outputs['variable'];
      if (scores === undefined) throw new Error('The model has no scores.');
      expectNear([...scores.data], numbers);
      if (classes === undefined) return;
      const tops = rows.map((_, row) => topK(scores, { k: 1, row })[0]);
      expect(tops.map((top) => top?.label)).toEqual(labels);
      // The label itself is a number where classes are numbers, and a place among the labels where they are texts.
      const said = Array.from(outputs['outputLabel']?.data ?? [], (value) =>
        typeof classes[0] === 'number' ? String(value) : classes[value],
      );
      expect(said).toEqual(labels);
    } finally {
      model.dispose();
    }
  });
});

it('takes rows of the data frame, and refuses a category that the encoder does not know', async () => {
  const pipeline = PIPELINES.find(({ rows }) => 'sex' in (rows[0] ?? {})) as Pipeline;
  const own = join(folder, 'rows');
  mkdirSync(own);
  writeFileSync(join(own, 'model.onnx'), pipeline.file(true));
  const { manifest } = await pack({ model: join(own, 'model.onnx'), out: join(own, 'out') });
  expect(manifest.signature.inputs['features']?.columns).toEqual([
    { name: 'age', mean: 0, std: 1 },
    { name: 'fare', mean: 0, std: 1 },
    { name: 'sex', categories: ['female', 'male'], encode: 'index' },
    { name: 'embarked', categories: ['C', 'Q', 'S'], encode: 'index' },
    { name: 'pclass', mean: 0, std: 1 },
  ]);
  const model = await loadModel(manifest, { backend: 'cpu', assetUrl, cache: null });
  const row = { ...pipeline.rows[0], embarked: 'X' };
  await expect(model.predict({ features: row } as never)).rejects.toThrow('one of "C", "Q", "S"');
  model.dispose();
});
