/** The hints that a .tflite file gives beside its graph: TensorFlow Lite's metadata, the files behind it, and Ultralytics' JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/pack/model/read.js';
import { number, numbers } from '../fixtures/flatbuffer.js';
import { scratch } from '../fixtures/models.js';
import { type TfliteFixtureGraph, tfliteModel } from '../fixtures/tflite.js';
import { pictureMetadata } from '../fixtures/tflite-metadata.js';
import { zip } from '../fixtures/zip.js';

const folder = scratch();
mkdirSync(folder, { recursive: true });

/** A model of one operator from x to y. */
const graph = (
  x: readonly number[],
  op: string,
  y: readonly number[],
  options: TfliteFixtureGraph['operators'][number]['options'] = [],
) => ({
  tensors: { x: { shape: x }, y: { shape: y } },
  ...{ inputs: ['x'], outputs: ['y'], operators: [{ op, inputs: ['x'], outputs: ['y'], options }] },
});

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

async function hintsOf(name: string, bytes: Uint8Array) {
  const path = join(folder, `${name}.tflite`);
  writeFileSync(path, bytes);
  return (await readModel(path)).hints;
}

describe("TensorFlow Lite's metadata", () => {
  const classifier = graph([1, 1, 1, 3], 'SOFTMAX', [1, 1, 1, 3], [number('float32', 1)]);

  it('give the scale and offset of pictures, labels, the description and the license', async () => {
    const model = tfliteModel([classifier], [], pictureMetadata([127.5], [127.5]));
    expect(await hintsOf('birds', joined(model, zip({ 'labels.txt': text('wren\nrobin\njay\n') })))).toEqual({
      inputs: { x: { image: { scale: 1 / 127.5, offset: -1 } } },
      outputs: { y: { labels: ['wren', 'robin', 'jay'], values: 'probabilities' } },
      ...{ about: 'Birds: Names birds.', license: 'Apache-2.0', source: 'the metadata of birds.tflite', warnings: [] },
    });
  });

  it('have a number for each channel', async () => {
    const hints = await hintsOf('channels', tfliteModel([classifier], [], pictureMetadata([0, 2, 4], [1, 2, 8])));
    expect(hints?.inputs['x']).toEqual({ image: { scale: [1, 0.5, 0.125], offset: [0, -1, -0.5] } });
  });

  it('become a warning where they contradict the graph, or are broken', async () => {
    const model = tfliteModel([classifier], [], pictureMetadata([0], [1]));
    const few = await hintsOf('few', joined(model, zip({ 'labels.txt': text('wren\nrobin') })));
    expect(few?.warnings).toEqual(['The file has 2 labels for output "y", which has 3 values; they are passed over.']);
    const large = await hintsOf('large', joined(model, zip({ 'labels.txt': new Uint8Array(2 ** 24 + 1) })));
    expect(large?.warnings).toEqual([
      'labels.txt in the archive behind large.tflite has 16777217 bytes; files of more than 16777216 are passed over.',
    ]);
    const broken = await hintsOf('broken', tfliteModel([classifier], [], { TFLITE_METADATA: Uint8Array.of(9, 9, 9, 9) }));
    expect(broken?.warnings).toEqual([
      expect.stringMatching(/^The metadata of broken\.tflite is no flatbuffer.* The metadata are passed over\.$/),
    ]);
  });
});

describe("Ultralytics' metadata", () => {
  const said = { author: 'Ultralytics', task: 'detect', imgsz: [8, 8], stride: 32, names: { 0: 'cat', 1: 'dog' }, license: 'AGPL-3.0' };
  const detector = (shape: readonly number[]) => tfliteModel([graph(shape, 'RESHAPE', [1, 6, 32], [numbers('int32', [1, 6, 32])])]);
  const archive = (fields: object) => zip({ 'metadata.json': text(JSON.stringify(fields)) });

  it('name classes, prepare pictures with channels in front, and say that boxes are shares of the picture', async () => {
    const hints = await hintsOf('best', joined(detector([1, 3, 8, 8]), archive(said)));
    const image = { width: 8, height: 8, fit: 'contain', background: 114, scale: 1 / 255, offset: 0 };
    expect(hints?.inputs).toEqual({ x: { image } });
    expect(hints?.outputs['y']).toEqual({
      detector: { task: 'detect', layouts: ['yolov8', 'yolov10'], labels: ['cat', 'dog'], normalized: true },
    });
    expect(hints?.license).toBe('AGPL-3.0');
  });

  it('prepare pictures with channels behind, and say that a model which chooses boxes by itself gives pixels', async () => {
    const last = await hintsOf('last', joined(detector([1, 8, 8, 3]), archive(said)));
    expect(last?.inputs['x']?.image).toMatchObject({ width: 8, height: 8 });
    const chosen = await hintsOf('chosen', joined(detector([1, 3, 8, 8]), archive({ ...said, end2end: true })));
    expect(chosen?.outputs['y']?.detector).not.toHaveProperty('normalized');
  });

  it('may be a dict of Python in a text', async () => {
    const dict = "{'author': 'Ultralytics', 'task': 'detect', 'imgsz': [8, 8], 'names': {0: 'cat', 1: 'dog'}}";
    const hints = await hintsOf('old', joined(detector([1, 8, 8, 3]), zip({ 'temp_meta.txt': text(dict) })));
    expect(hints?.outputs['y']?.detector?.labels).toEqual(['cat', 'dog']);
  });
});

describe('a .task of MediaPipe', () => {
  const one = tfliteModel([graph([1], 'ABS', [1])]);
  const path = join(folder, 'hands.task');
  writeFileSync(path, zip({ 'hand_detector.tflite': one, 'hand_landmarks_detector.tflite': tfliteModel([graph([1], 'NEG', [1])]) }));

  it('lists its models', async () => {
    await expect(readModel(path)).rejects.toThrow(
      'hands.task is an archive of models: it has hand_detector.tflite, hand_landmarks_detector.tflite. Pack one of them by its name, such as hands.task#hand_detector.tflite.',
    );
    await expect(readModel(`${path}#face.tflite`)).rejects.toThrow('hands.task has no face.tflite: it has hand_detector.tflite');
  });

  it('is broken where its list has no model', async () => {
    const unlisted = join(folder, 'unlisted.task');
    const bytes = Buffer.from(zip({ 'face.tflite': one }));
    bytes.write('face.others', bytes.lastIndexOf('face.tflite'));
    writeFileSync(unlisted, bytes);
    const message = 'unlisted.task is a broken zip archive: the list at its end has no .tflite file.';
    await expect(readModel(unlisted)).rejects.toThrow(message);
    await expect(readModel(`${unlisted}#face.tflite`)).rejects.toThrow(message);
  });

  it('gives the one whose name stands behind #', async () => {
    const { graph: read, file } = await readModel(`${path}#hand_landmarks_detector.tflite`);
    expect(read.nodes.map(({ op }) => op)).toEqual(['neg']);
    expect(file).toBe('hands.task#hand_landmarks_detector.tflite');
  });
});
