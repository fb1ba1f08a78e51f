/** Detectors from an .onnx file to boxes in the source picture, in Node: packed without options, loaded, and read without columns. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadModel, type Model } from '../../src/index.js';
import type { PackOptions } from '../../src/pack/index.js';
import { pack } from '../../src/pack/index.js';
import type { PackResult } from '../../src/pack/result.js';
import { boxes, maskImage } from '../../src/read/index.js';
import { normalized, oriented, pose, segmenter, squares, ssd, ultralytics, yolov5, yolov8, yolov10 } from '../fixtures/detector.js';
import { scratch } from '../fixtures/models.js';
import { type OnnxGraph, onnxModel } from '../fixtures/onnx.js';
import { pannierHere } from '../fixtures/terminal.js';

const folder = scratch();
let count = 0;

async function packed(graph: OnnxGraph, metadata: Record<string, string> = {}, options: Partial<PackOptions> = {}): Promise<PackResult> {
  const own = join(folder, `detector-${count++}`);
  mkdirSync(own);
  const model = join(own, 'best.onnx');
  writeFileSync(model, onnxModel(graph, { metadata }));
  return pack({ model, out: join(own, 'packed'), ...options });
}

const PICTURE = squares({ colour: 'red', x: 32, y: 16, side: 16 }, { colour: 'green', x: 64, y: 0, side: 32 });
/** The squares as cells of 8 and 16 pixels see them; four cells of 8 lie in the green square, too. */
const RED = { x: 32, y: 16, width: 16, height: 16, label: 'red', index: 0 };
const GREEN = { x: 64, y: 0, width: 32, height: 32, label: 'green', index: 1 };

/** Whether the greatest boxes among those that were found are the squares. */
function holdSquares(found: readonly { width: number; score: number }[], score = 1): void {
  const surest = found.filter((box) => box.score > 0.9 * score);
  expect(surest).toHaveLength(6);
  expect(surest).toContainEqual(expect.objectContaining(RED));
  expect(surest).toContainEqual(expect.objectContaining(GREEN));
  for (const box of surest) expect(box.score).toBeCloseTo(score, 5);
}

async function predicted(
  result: PackResult,
  use: (prediction: Awaited<ReturnType<Model['predict']>>, model: Model) => void,
): Promise<void> {
  using model = await loadModel(result.manifest, { backend: 'cpu' });
  use(await model.predict({ images: PICTURE }), model as Model);
}

describe('a model of Ultralytics', () => {
  it('is letterboxed, named and licensed as its metadata says, and found boxes need no columns', async () => {
    const result = await packed(yolov8(), ultralytics('detect'));
    const { manifest, taken, warnings } = result;
    expect(warnings).toEqual([]);
    expect(taken).toEqual([
      'Ultralytics YOLO11n model trained on squares.yaml, by Ultralytics 8.4.83, from the metadata of best.onnx',
      'license AGPL-3.0 License (https://ultralytics.com/license), from the metadata of best.onnx',
      'pictures of input "images": width 64, height 64, fit contain, background 114, scale 1/255, offset 0, from the metadata of best.onnx',
      'the names of 2 classes of output "output0", from the metadata of best.onnx',
      `boxes in output "output0", [1, 6, 84], as layout 'yolov8' has them, from the metadata`,
    ]);
    expect(manifest.signature.inputs['images']?.image).toEqual({
      ...{ width: 64, height: 64, fit: 'contain', filter: 'bilinear', channels: 'rgb', layout: 'nchw', background: 114 },
      ...{ scale: Array(3).fill(1 / 255), offset: [0, 0, 0] },
    });
    await predicted(result, ({ outputs, images }, model) => {
      holdSquares(boxes(outputs['output0']!, { image: images['images']! }));
      expect(model.info.license).toBe('AGPL-3.0 License (https://ultralytics.com/license)');
    });
    expect(readFileSync(join(result.out, 'model.d.ts'), 'utf8')).toContain(
      "readonly output0: DetectorTensor<'red' | 'green', 'float32', readonly [1, 6, 84]>;",
    );
  });

  it('is told by the program, line by line, and again where the folder is up to date', async () => {
    const own = join(folder, 'told');
    mkdirSync(own);
    writeFileSync(join(own, 'best.onnx'), onnxModel(yolov8(), { metadata: ultralytics('detect') }));
    const printed = vi.spyOn(console, 'log').mockReturnValue();
    const args = ['pack', join(own, 'best.onnx'), '--out', join(own, 'packed'), '--layout', 'output0=yolov8', '--background', 'images=0'];
    const told = async () => {
      expect((await pannierHere(args)).status).toBe(0);
      return String(printed.mock.lastCall?.[0])
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    };
    const lines = [
      'takes images: float32 [1, 3, 64, 64], a picture',
      'gives output0: float32 [1, 6, 84], boxes',
      'taken: Ultralytics YOLO11n model trained on squares.yaml, by Ultralytics 8.4.83, from the metadata of best.onnx',
      'taken: license AGPL-3.0 License (https://ultralytics.com/license), from the metadata of best.onnx',
      'taken: pictures of input "images": width 64, height 64, fit contain, scale 1/255, offset 0, from the metadata of best.onnx',
      'taken: the names of 2 classes of output "output0", from the metadata of best.onnx',
    ];
    expect(await told()).toEqual(lines);
    expect(await told()).toEqual(lines);
    printed.mockRestore();
  });

  it('does as options say instead', async () => {
    const { manifest, taken } = await packed(yolov8(), ultralytics('detect'), {
      license: 'Enterprise',
      inputs: { images: { image: { fit: 'stretch', background: 0 } } },
      outputs: { output0: { labels: ['rouge', 'vert'] } },
    });
    expect(manifest.license).toBe('Enterprise');
    expect(manifest.signature.inputs['images']?.image).toMatchObject({ fit: 'stretch', scale: Array(3).fill(1 / 255) });
    expect(manifest.signature.inputs['images']?.image).not.toHaveProperty('background');
    expect(manifest.signature.outputs['output0']?.layout?.labels).toEqual(['rouge', 'vert']);
    expect(taken).toEqual([
      expect.stringContaining('by Ultralytics 8.4.83'),
      'pictures of input "images": width 64, height 64, scale 1/255, offset 0, from the metadata of best.onnx',
      expect.stringContaining("as layout 'yolov8' has them"),
    ]);
    const none = await packed(yolov8(), ultralytics('detect'), { outputs: { output0: { layout: false } } });
    expect(none.manifest.signature.outputs['output0']).toEqual({ dtype: 'float32', shape: [1, 6, 84] });
  });

  it('may choose its boxes itself', async () => {
    const result = await packed(yolov10(), ultralytics('detect', { end2end: 'True' }));
    expect(result.manifest.signature.outputs['output0']?.layout).toMatchObject({
      columns: ['x0', 'y0', 'x1', 'y1', 'score', 'class'],
      nms: true,
    });
    await predicted(result, ({ outputs, images }) => holdSquares(boxes(outputs['output0']!, { image: images['images']! })));
  });

  it('has points', async () => {
    const metadata = ultralytics('pose', { kpt_shape: '[2, 3]', kpt_names: "{0: ['above', 'below'], 1: ['above', 'below']}" });
    const result = await packed(pose(), metadata);
    await predicted(result, ({ outputs, images }) => {
      const found = boxes(outputs['output0']!, { image: images['images']! });
      holdSquares(found);
      expect(found.find(({ width, index }) => width === 16 && index === 0)?.points).toEqual([
        { name: 'above', x: 32, y: 16, score: 0.75 },
        { name: 'below', x: 48, y: 32, score: 0.25 },
      ]);
    });
    expect(readFileSync(join(result.out, 'model.d.ts'), 'utf8')).toContain("PoseTensor<'red' | 'green', 'float32', readonly [1, 12, 84]>");
  });

  it('has masks', async () => {
    const result = await packed(segmenter(), ultralytics('segment'));
    await predicted(result, ({ outputs, images }) => {
      const found = boxes(outputs['output0']!, { image: images['images']!, prototypes: outputs['output1']!, minScore: 0.2 });
      // A cell of 16 pixels, of which a quarter is red.
      const quarter = found.find(({ width, index }) => width === 32 && index === 0);
      expect(quarter).toMatchObject({ x: 32, y: 0, width: 32, height: 32, score: expect.closeTo(0.25, 5) });
      // Prototypes have a pixel for eight of the source: two of four lines below, and two of four columns on the left.
      const { data, width, height } = maskImage(quarter!.mask!, { threshold: 0.5 });
      expect([width, height]).toEqual([4, 4]);
      const opaque = Array.from({ length: 16 }, (_, at) => data[4 * at + 3] === 255);
      expect(opaque).toEqual(Array.from({ length: 16 }, (_, at) => at >= 8 && at % 4 < 2));
    });
  });

  it('with oriented boxes is packed, and boxes says that it does not read them', async () => {
    const result = await packed(oriented(), ultralytics('obb'));
    await predicted(result, ({ outputs }) => expect(() => boxes(outputs['output0']!, {})).toThrow(/oriented detector \(obb\)/));
  });

  it('of other outputs than its metadata says is packed without a layout, with a warning', async () => {
    const names = "{0: 'a', 1: 'b', 2: 'c'}";
    const { manifest, warnings } = await packed(yolov8(), ultralytics('detect', { names }));
    expect(manifest.signature.outputs['output0']).not.toHaveProperty('layout');
    expect(warnings).toEqual([expect.stringMatching(/^No layout of a detector that has a name fits output "output0", \[1, 6, 84\]/)]);
  });

  it('has the sizes of its metadata where its own are open', async () => {
    // Scores of each grid alone, whose number of cells follows the picture.
    const { nodes, initializers, ...graph } = yolov8();
    const open = {
      ...graph,
      nodes: [...nodes.slice(0, -1), { op: 'Identity', inputs: ['scores'], outputs: ['output0'] }],
      inputs: [{ name: 'images', shape: ['batch', 3, 'height', 'width'] }],
      initializers: { ...initializers, flat: { dims: [3], values: [0, 2, -1], type: 'int64' as const } },
    };
    const { manifest, warnings } = await packed(open, ultralytics('detect', { imgsz: '[64, 96]' }));
    expect(manifest.signature.inputs['images']).toMatchObject({ shape: [null, 3, null, null], image: { width: 96, height: 64 } });
    expect(manifest.golden.samples[0].inputs['images']?.shape).toEqual([1, 3, 64, 96]);
    expect(warnings).toEqual([expect.stringContaining('No layout of a detector that has a name fits')]);
  });

  it('is read with the sizes of its metadata where it cannot be read with open ones', async () => {
    // A recurrent layer over the picture's height, which is unrolled.
    const graph: OnnxGraph = {
      nodes: [
        { op: 'ReduceMean', inputs: ['images'], outputs: ['lines'], attributes: { axes: [3n], keepdims: 0n } },
        { op: 'Transpose', inputs: ['lines'], outputs: ['steps'], attributes: { perm: [2n, 0n, 1n] } },
        { op: 'RNN', inputs: ['steps', 'w', 'r'], outputs: ['', 'last'], attributes: { hidden_size: 2n } },
        { op: 'Squeeze', inputs: ['last', 'first'], outputs: ['sums'] },
        { op: 'Softmax', inputs: ['sums'], outputs: ['output0'], attributes: { axis: -1n } },
      ],
      inputs: [{ name: 'images', shape: ['batch', 3, 'height', 'width'] }],
      outputs: [{ name: 'output0' }],
      initializers: {
        w: { dims: [1, 2, 3], values: [0.5, 0, 0, 0, 0.5, 0] },
        r: { dims: [1, 2, 2], values: [0.1, 0, 0, 0.1] },
        first: { dims: [1], values: [0], type: 'int64' },
      },
    };
    const { manifest, taken, warnings } = await packed(graph, ultralytics('classify', { imgsz: '[8, 12]' }));
    expect(manifest.signature.inputs['images']).toMatchObject({
      shape: [1, 3, 8, 12],
      image: { width: 12, height: 8, fit: 'cover', filter: 'area', scale: Array(3).fill(1 / 255) },
    });
    expect(manifest.signature.outputs['output0']).toMatchObject({ labels: ['red', 'green'], values: 'probabilities' });
    expect(taken).toContain('the names of 2 classes of output "output0", from the metadata of best.onnx');
    expect(warnings).toEqual([expect.stringContaining('"images" takes [1, 3, 8, 12] alone')]);
  });

  it('of RT-DETR is stretched, and has coordinates of 0…1', async () => {
    const description = 'Ultralytics rtdetr-l model trained on squares.yaml';
    const { manifest } = await packed(yolov5(), ultralytics('detect', { description, names: "['red', 'green', 'blue']" }));
    expect(manifest.signature.inputs['images']?.image).toMatchObject({ fit: 'stretch' });
    expect(manifest.signature.outputs['output0']?.layout).toMatchObject({ columns: ['cx', 'cy', 'w', 'h'], classes: 3, normalized: true });
  });

  it('whose metadata cannot be read is packed, and a warning says so', async () => {
    const { manifest, warnings } = await packed(yolov8(), ultralytics('detect', { names: "{0: 'red'" }));
    expect(warnings).toEqual([expect.stringMatching(/^The metadata names is no literal of Python: .* It is passed over\.$/)]);
    expect(manifest.signature.outputs['output0']?.layout).toMatchObject({ classes: 2 });
    expect(manifest.signature.outputs['output0']?.layout).not.toHaveProperty('labels');
  });

  it('of YOLOv5 says its names alone', async () => {
    const result = await packed(
      yolov5(),
      { stride: '32', names: "['red', 'green']" },
      { inputs: { images: { image: { width: 64, height: 64 } } } },
    );
    expect(result.taken).toEqual([
      'pictures of input "images": fit contain, background 114, scale 1/255, offset 0, from the metadata of best.onnx',
      'the names of 2 classes of output "output0", from the metadata of best.onnx',
      `boxes in output "output0", [1, 252, 7], as layout 'yolov5' has them, from the metadata`,
    ]);
    await predicted(result, ({ outputs, images }) => holdSquares(boxes(outputs['output0']!, { image: images['images']! }), 0.875));
  });
});

describe('a model without metadata', () => {
  const image = { inputs: { images: { image: { fit: 'contain', scale: 1 / 255 } } } } as const;
  const labels = ['red', 'green'];

  it.each([
    ['yolov8', yolov8, 1],
    ['yolov8', normalized, 1],
    ['yolov5', yolov5, 0.875],
  ] as const)('has layout %s, as its shape and values tell', async (name, graph, score) => {
    const result = await packed(graph(), {}, { ...image, outputs: { output0: { labels } } });
    expect(result.taken).toEqual([
      expect.stringMatching(new RegExp(`^boxes in output "output0", .* as layout '${name}' has them, from its shape and values`)),
    ]);
    await predicted(result, ({ outputs, images }) => holdSquares(boxes(outputs['output0']!, { image: images['images']! }), score));
  });

  it('has the four outputs of SSD', async () => {
    const result = await packed(ssd(), {}, { ...image, outputs: { detection_boxes: { labels } } });
    await predicted(result, ({ outputs, images }) => {
      const { detectionBoxes, detectionScores, detectionClasses, numDetections } = outputs;
      const parts = { scores: detectionScores!, classes: detectionClasses!, count: numDetections! };
      holdSquares(boxes(detectionBoxes!, { ...parts, image: images['images']! }));
      expect(
        boxes(detectionBoxes!, { ...parts, count: { ...numDetections!, data: Float32Array.of(0) }, image: images['images']! }),
      ).toEqual([]);
    });
  });

  it('that gives poses is not taken for a detector of many classes', async () => {
    const { manifest, taken } = await packed(pose(), {}, image);
    expect(taken).toEqual([]);
    expect(manifest.signature.outputs['output0']).toEqual({ dtype: 'float32', shape: [1, 12, 84] });
    const told = await packed(pose(), {}, { ...image, outputs: { output0: { layout: 'yolov8', points: [2, 3] } } });
    expect(told.manifest.signature.outputs['output0']?.layout).toMatchObject({ classes: 2, points: [2, 3] });
  });

  it('is refused a layout that it does not have, and told the one that would fit', async () => {
    const wrong = packed(yolov5(), {}, { ...image, outputs: { output0: { layout: 'yolov8', labels } } });
    await expect(wrong).rejects.toMatchObject({
      code: 'options',
      message: expect.stringMatching(
        /Option outputs\["output0"\]\.layout is 'yolov8' of 2 labels, which output "output0", \[1, 252, 7\], is not\. 'yolov5' would fit\./,
      ),
    });
    await expect(packed(yolov8(), {}, { ...image, outputs: { output0: { layout: 'ssd' } } })).rejects.toThrow(/'yolov8' would fit/);
    await expect(packed(yolov8(), {}, { outputs: { output0: { points: [2, 3] } } })).rejects.toThrow(/has points, but no layout/);
  });
});
