/** Files and folders that are no model of TF.js or ONNX: one line that says what each is, by its bytes, and what to do with it. */
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { PannierError } from '../../src/base/errors.js';
import { pack } from '../../src/pack/index.js';
import { addModel, scratch, writeModel } from '../fixtures/models.js';
import { pannierHere } from '../fixtures/terminal.js';
import { zip } from '../fixtures/zip.js';

const folder = scratch();
const out = join(folder, 'never');
const nothing = new Uint8Array(0);

/** The message with which `pack` refuses a model, on one line of plain text. */
async function refusal(model: string): Promise<string> {
  const thrown = await pack({ model, out }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(PannierError);
  const { code, message } = thrown as PannierError;
  expect(code).toBe('model-format');
  expect(message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  return message;
}

const FROM_HUGGING_FACE = 'optimum-cli export onnx --model FOLDER onnx, and pack onnx/model.onnx';
const AT_ITS_SOURCE = 'In Python, where the model was trained, run torch.onnx.export(model, (example,), "model.onnx") or, in Keras,';
const FILES: readonly (readonly [name: string, bytes: Uint8Array | string, message: string])[] = [
  [
    'a.tflite',
    '\x1c\0\0\0TFL3\x14\0',
    'a.tflite is no TensorFlow Lite model, or is cut: 4 bytes are wanted at 28, but there are 10 in all.',
  ],
  [
    'face.task',
    zip({ 'detector.tflite': nothing }),
    'it has detector.tflite. Pack one of them by its name, such as face.task#detector.tflite.',
  ],
  ['b.zip', zip({ 'c.png': nothing }), 'is a zip archive without a model.json or a file of Keras. Unpack it'],
  [
    'saved_model.pb',
    '\x08\x01\x12\x09\x0a\x07\x22\x05serve',
    'is a SavedModel of TensorFlow, which Pannier does not read. Run python -m tf2onnx.convert --saved-model FOLDER --opset 17',
  ],
  [
    'frozen.pb',
    '\x0a\x10\x0a\x01x\x12\x0bPlaceholder',
    'Run python -m tf2onnx.convert --graphdef FILE --inputs NAME:0 --outputs NAME:0 --opset 17',
  ],
  [
    'checkpoint',
    'model_checkpoint_path: "ckpt-1"\n',
    `is a checkpoint of TensorFlow, which holds weights without the model. ${AT_ITS_SOURCE}`,
  ],
  [
    'a.pt',
    zip({ 'a/data.pkl': nothing }),
    'is a PyTorch file, which Pannier does not read. In Python, load it into its model and run torch.onnx.export(model, (example,), "model.onnx"), and pack model.onnx.',
  ],
  [
    'best.pt',
    zip({ 'best/data.pkl': Buffer.from('cultralytics.nn.tasks\nDetectionModel\n') }),
    'is a PyTorch file of Ultralytics, which Pannier does not read. Run yolo export model=FILE format=onnx, and pack the .onnx beside it.',
  ],
  ['a.pkl', '\x80\x04\x95\x1c\0', `is a Python pickle, which only Python reads. ${AT_ITS_SOURCE}`],
  ['forest.joblib', '\x80\x04\x95\x1c\0\0\0\0\0\0\0\x8c\x07sklearn', 'skl2onnx.to_onnx(model, X[:1])'],
  [
    'a.safetensors',
    '\x02\0\0\0\0\0\0\0{"a":0}',
    `holds weights without the model. If it lies in a folder of Hugging Face with its config.json, run ${FROM_HUGGING_FACE}`,
  ],
  [
    'a.gguf',
    'GGUF\x03\0\0\0',
    `is a GGUF file, which holds the weights of a model for llama.cpp. Export the model that it was made from: run ${FROM_HUGGING_FACE}`,
  ],
  ['a.ort', '\x1c\0\0\0ORTM', 'is an ONNX model as ONNX Runtime stores it for itself (.ort), which Pannier does not read. Pack the .onnx'],
  ['a.mlmodel', '\x08\x04\x12\x07\x0a\x05\x0a\x03abc', `is a Core ML model, which Pannier does not read. ${AT_ITS_SOURCE}`],
  ['page.json', '<!doctype html><title>\x1b[2J</title>', 'is a web page, so its download went wrong'],
  ['pointer.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'Run git lfs pull.'],
  ['none.json', '', 'none.json is empty'],
  ['model.json.gz', '\x1f\x8b\x08\0', 'is a gzip archive. Unpack it with gunzip'],
  [
    'weights.bin',
    '\x1b[2J\x07\0\x9b\xff',
    'is no model that Pannier reads: a binary file that begins with the bytes 1b 5b 32 4a 07 00 9b ff',
  ],
];
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return path;
};

it.each(FILES)('%s', async (name, bytes, message) => {
  const path = write(name, bytes);
  const said = await refusal(path);
  expect(said).toContain(message);
  expect(said.startsWith(`${name} `)).toBe(true);
  const { status, stdout, stderr } = await pannierHere(['pack', path, '--out', out]);
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `pannier: ${said}\n` });
});

it('says what a file is whatever its name', async () => {
  const [, tflite] = FILES[0] as (typeof FILES)[0];
  expect(await refusal(write('model.json', tflite))).toMatch(/^model\.json is no TensorFlow Lite model/);
});

it.each([
  ['saved_model', ['saved_model.pb'], 'is a SavedModel of TensorFlow'],
  ['net.mlpackage', ['Manifest.json', 'Data'], 'is a Core ML model'],
  ['several', ['encoder.onnx', 'decoder.onnx'], 'is a folder with 2 models. Pack one of decoder.onnx, encoder.onnx in it.'],
  ['mixed', ['model.json', 'weights.bin', 'model.keras'], 'is a folder with 2 models. Pack one of model.json, model.keras in it.'],
  [
    'bert',
    ['config.json', 'model.safetensors'],
    `is a folder of Hugging Face with a config and weights, which Pannier does not read. Run ${FROM_HUGGING_FACE}.`,
  ],
  ['training', ['checkpoint', 'ckpt-1.index', 'ckpt-1.data-00000-of-00001'], 'is a checkpoint of TensorFlow'],
  ['others', ['a.json', 'b.txt'], 'is a folder, and a model file is wanted; it has a.json.'],
])('a folder %s', async (name, files, message) => {
  mkdirSync(join(folder, name));
  for (const file of files) write(join(name, file), '{}');
  expect(await refusal(join(folder, name))).toContain(`${name} ${message}`);
});

it('a folder of the Hub, by the .onnx in the folder of that name', async () => {
  const path = join(folder, 'hub');
  mkdirSync(join(path, 'onnx'), { recursive: true });
  for (const file of ['config.json', 'model.safetensors', 'onnx/model.onnx', 'onnx/model_fp16.onnx']) write(join('hub', file), '{}');
  expect(await refusal(path)).toContain('hub is a folder with 2 models. Pack one of onnx/model.onnx, onnx/model_fp16.onnx in it.');
});

it.each([
  ['model.json', ['weights.bin', 'metadata.json']],
  ['onnx/model.onnx', ['config.json', 'model.safetensors', 'tokenizer.json']],
  ['best.onnx', ['best.onnx.data', 'args.json']],
  ['model.keras', ['history.json']],
])('a folder with nothing but %s is that file', async (model, beside) => {
  const path = join(folder, `with-${model.replace('/', '-')}`);
  mkdirSync(join(path, 'onnx'), { recursive: true });
  for (const file of beside) writeFileSync(join(path, file), '{}');
  writeFileSync(join(path, model), '');
  expect(await refusal(path)).toMatch(new RegExp(`^${basename(model)} is empty`));
});

it('packs the only model in a folder, and says so', async () => {
  const path = join(folder, 'only');
  writeModel(addModel(), path);
  expect(await pack({ model: path, out: join(folder, 'from-only') })).toMatchObject({
    manifest: { name: 'only' },
    taken: ['model.json, the only model in only'],
  });
  expect(await pack({ model: path, out: join(folder, 'from-only') })).toMatchObject({ changed: false });
  await expect(pack({ model: path, out: path })).rejects.toThrow('choose a folder for the packed model alone');
  expect((await pannierHere(['doctor', path, '--graph'])).stdout).toContain('add');
});

it('a folder that is packed already', async () => {
  const packed = join(folder, 'packed');
  await pack({ model: writeModel(addModel(), join(folder, 'add')), out: packed });
  for (const model of [packed, join(packed, 'model.js')]) expect(await refusal(model)).toMatch(/^(packed|model\.js) is packed already\. /);
});

it.each(['doctor', 'predict'])('%s says it of a SavedModel, too', async (command) => {
  const path = join(folder, 'exported');
  mkdirSync(path, { recursive: true });
  write('exported/saved_model.pb', '\x08\x01');
  expect((await pannierHere([command, path])).stderr).toMatch(/^pannier: exported is a SavedModel of TensorFlow/);
});

it.each([
  ['version https://git-lfs.github.com/spec/v1\n', 'w.bin is a pointer of Git LFS'],
  ['<!doctype html>', 'w.bin is a web page'],
  ['', 'w.bin is empty'],
  ['\x1f\x8b', 'w.bin should have 16 bytes'],
])('a weight file in whose place is %j', async (content, message) => {
  const model = addModel();
  model.files['w.bin'] = Buffer.from(content, 'latin1');
  expect(await refusal(writeModel(model, join(folder, 'weights')))).toContain(message);
});

it('reads no more of a large file than its ends', async () => {
  const path = write('large.bin', 'GGUF\x03\0\0\0');
  truncateSync(path, 8 * 2 ** 30);
  const begun = performance.now();
  expect(await refusal(path)).toContain('is a GGUF file');
  expect(performance.now() - begun).toBeLessThan(2_000);
});

it('a name that moves a cursor', async () => {
  const { stderr } = await pannierHere(['pack', write('a\u001b[2Jb\u202e.onnx', 'GGUF\x03\0\0\0'), '--out', out]);
  expect(stderr).toMatch(/^pannier: ab ?\.onnx is a GGUF file/);
});

it('writes nothing', () => expect(readdirSync(folder)).not.toContain('never'));

it('reads a model.json of text', async () => {
  const path = writeModel(addModel(), join(folder, 'good'));
  writeFileSync(path, `\n${readFileSync(path, 'utf8')}`);
  expect((await pack({ model: path, out: join(folder, 'good-out') })).changed).toBe(true);
});
