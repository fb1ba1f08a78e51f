/** What a file is, told by its bytes: each format by a small file, and by the public test files of two formats. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detect, detectFolder, type FileFormat, HEAD_BYTES } from '../../src/formats/detect.js';
import { realModel } from '../fixtures/models.js';
import { zip } from '../fixtures/zip.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const nothing = new Uint8Array(0);

/** A field of a protocol buffer: a small number, or a text or message of less than 128 bytes. */
const field = (number: number, value: number | string): string =>
  typeof value === 'number' ? String.fromCharCode(number << 3, value) : String.fromCharCode((number << 3) | 2, value.length) + value;

const FILES: readonly (readonly [what: string, format: FileFormat, bytes: Uint8Array])[] = [
  ['nothing', 'empty', nothing],
  ['a graph model', 'json', ascii('{"format": "graph-model"}')],
  ['a layers model behind white space', 'json', ascii('\n {"modelTopology": {"class_name": "Sequential"}}')],
  ['JSON with a byte order mark', 'json', ascii('\xef\xbb\xbf{}')],
  ['labels', 'text', ascii('dog\ncat\n')],
  ['text of other languages', 'text', Uint8Array.from(Buffer.from('犬\n猫\n'))],
  ['raw floats', 'binary', new Uint8Array(Float32Array.of(1, 2, 3).buffer)],
  ['ONNX of PyTorch', 'onnx', ascii(field(1, 7) + field(2, 'pytorch') + field(3, '2.1') + field(7, field(2, 'g')))],
  ['ONNX without a producer', 'onnx', ascii(field(1, 8) + field(7, field(2, 'g')) + field(8, field(2, 13)))],
  ['ONNX that begins with its opset', 'onnx', ascii(field(1, 3) + field(8, field(2, 9)))],
  ['TensorFlow Lite', 'tflite', ascii('\x1c\0\0\0TFL3\x14\0 \0')],
  ['a model of ONNX Runtime', 'ort', ascii('\x1c\0\0\0ORTM\0\0\0\0')],
  ['GGUF', 'gguf', ascii('GGUF\x03\0\0\0')],
  ['a task of MediaPipe', 'mediapipe-task', zip({ 'face_detector.tflite': ascii('\x1c\0\0\0TFL3'), 'metadata.json': nothing })],
  ['the index of a checkpoint', 'tf-checkpoint', ascii(`\0\0\x08\0${'\0'.repeat(60)}\x57\xfb\x80\x8b\x24\x75\x47\xdb`)],
  ['the list of checkpoints', 'tf-checkpoint', ascii('model_checkpoint_path: "ckpt-1"\n')],
  ['HDF5', 'hdf5', ascii('\x89HDF\r\n\x1a\n\0\0\0')],
  ['Keras 3', 'keras', zip({ 'metadata.json': ascii('{}'), 'config.json': ascii('{}'), 'model.weights.h5': ascii('\x89HDF') })],
  ['a download of Teachable Machine', 'tfjs-zip', zip({ 'metadata.json': ascii('{}'), 'weights.bin': nothing, 'model.json': ascii('{}') })],
  ['a zip with a folder', 'tfjs-zip', zip({ 'my_model/model.json': ascii('{}') })],
  ['a zip of pictures', 'zip', zip({ 'a.png': nothing, 'my-model.json': nothing })],
  ['an empty zip', 'zip', zip({})],
  ['PyTorch', 'pytorch', zip({ 'net/data.pkl': ascii('\x80\x02'), 'net/version': ascii('3') })],
  [
    'Ultralytics',
    'ultralytics',
    zip({ 'best/data.pkl': ascii('\x80\x02}q\0X\x05\0\0\0modelq\x01cultralytics.nn.tasks\nDetectionModel\n') }),
  ],
  ['a program of torch.export', 'pytorch', zip({ 'net/archive_format': ascii('pt2'), 'net/models/model.json': ascii('{}') })],
  ['PyTorch before 1.6', 'pytorch', ascii('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.')],
  ['a pickle', 'pickle', ascii('\x80\x04\x95\x1c\0\0\0\0\0\0\0}\x94.')],
  ['a pickle of scikit-learn', 'scikit-learn', ascii('\x80\x04\x95\x1c\0\0\0\0\0\0\0\x8c\x07sklearn.')],
  ['safetensors', 'safetensors', ascii('\x40\0\0\0\0\0\0\0{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   ')],
  ['a SavedModel', 'saved-model', ascii(field(1, 1) + field(2, field(1, field(2, field(1, field(1, 'Const'))) + field(4, 'serve'))))],
  ['a SavedModel without its ops', 'saved-model', ascii(field(1, 1) + field(2, field(1, field(4, 'serve') + field(5, '2.15.0'))))],
  ['a frozen graph', 'frozen-graph', ascii(field(1, field(1, 'x') + field(2, 'Placeholder')) + field(4, field(1, 22)))],
  ['Core ML', 'coreml', ascii(field(1, 4) + field(2, field(1, field(1, 'image') + field(3, field(4, '')))))],
  ['a page', 'html', ascii('\n<!DOCTYPE html>\n<html lang="en">')],
  ['a page without a doctype', 'html', ascii('<html><head>')],
  ['a pointer of Git LFS', 'git-lfs', ascii('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n')],
  ['gzip', 'gzip', ascii('\x1f\x8b\x08\0')],
  ["a packed model's module", 'packed', ascii('// Written by `pannier pack` from model.json. Do not edit.\nexport default {};\n')],
];

it.each(FILES)('%s is %s', (_what, format, bytes) => expect(detect(bytes)).toBe(format));

it('finds the files of a zip that are listed behind a long first one', () => {
  const bytes = zip({ 'config.json': new Uint8Array(2 * HEAD_BYTES), 'model.weights.h5': new Uint8Array(2 * HEAD_BYTES) });
  expect(detect(bytes.subarray(0, HEAD_BYTES), bytes.subarray(-HEAD_BYTES))).toBe('keras');
  expect(detect(bytes.subarray(0, HEAD_BYTES))).toBe('zip');
});

it.each([
  [['saved_model.pb', 'variables', 'assets'], 'saved-model'],
  [['model.js', 'model.d.ts', 'packed-from.json'], 'packed'],
  [['Manifest.json', 'Data'], 'coreml'],
  [['model.json', 'group1-shard1of1.bin'], 'tfjs-folder'],
  [['model.onnx', 'model.onnx.data', 'config.json', 'model.safetensors'], 'onnx-folder'],
  [['config.json', 'model.safetensors', 'tokenizer.json'], 'hugging-face'],
  [['config.json', 'model-00001-of-00002.safetensors', 'model.safetensors.index.json'], 'hugging-face'],
  [['config.json', 'pytorch_model.bin'], 'hugging-face'],
  [['config.json'], 'folder'],
  [['checkpoint', 'ckpt-1.index', 'ckpt-1.data-00000-of-00001'], 'tf-checkpoint'],
  [['a.index'], 'folder'],
  [['model.js'], 'folder'],
  [[], 'folder'],
])('a folder of %j is %s', (names, format) => expect(detectFolder(names)).toBe(format));

it('tells something of any bytes', () => {
  const starts = FILES.map(([, , bytes]) => bytes);
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 64 }), fc.nat(80), (start, more, cut) => {
      const bytes = Uint8Array.from([...start.subarray(0, cut), ...more]);
      expect(detect(bytes, bytes.subarray(-8))).toMatch(/^[a-z\d-]+$/);
    }),
    { numRuns: 2_000 },
  );
});

it.each(['liveness', 'movenet-lightning', 'emotion'])('the public model %s is JSON', (name) =>
  expect(detect(readFileSync(realModel(name)).subarray(0, HEAD_BYTES))).toBe('json'),
);

describe.skipIf(!existsSync('../shared/data'))('every public test file of', () => {
  it.each([
    ['onnx', 1_802],
    ['tflite', 72],
  ])('%s', (format, count) => {
    const folder = mkdtempSync(join(tmpdir(), 'pannier-formats-'));
    try {
      const archive = format === 'onnx' ? 'onnx-node-tests' : 'tflite-tests';
      execFileSync('tar', ['-xJf', `../shared/data/${archive}.tar.xz`, '-C', folder, '--wildcards', `*.${format}`]);
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(`.${format}`));
      expect(names).toHaveLength(count);
      const others = names.filter((name) => {
        const bytes = readFileSync(join(folder, name));
        return detect(bytes.subarray(0, HEAD_BYTES), bytes.subarray(-HEAD_BYTES)) !== format;
      });
      expect(others).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
