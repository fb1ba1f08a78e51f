/** What to do with a model file that Pannier does not read, or with a file that is no model: one row for each format. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PannierError } from '../../base/errors.js';
import { detectFolder, type FileFormat, type FolderFormat } from '../../formats/detect.js';
import { broken } from '../../formats/file-fields.js';
import { listed, modelFilesIn, modelsIn } from '../files/missing.js';

/** Formats of files that are read. */
export type ReadFormat = 'json' | 'text' | 'onnx' | 'tflite' | 'keras' | 'hdf5' | 'tfjs-zip' | 'mediapipe-task';

type OtherFormat = Exclude<FileFormat | FolderFormat, ReadFormat | 'binary' | 'folder' | 'onnx-folder' | 'tfjs-folder'>;

/** The folder in which models of the Hugging Face Hub have their `.onnx`. */
const ONNX_FOLDER = 'onnx';

const PACK_IT = 'and pack model.onnx';
const tf2onnx = (source: string): string => `Run python -m tf2onnx.convert ${source} --opset 17 --output model.onnx, ${PACK_IT}.`;
const FROM_PYTORCH = 'torch.onnx.export(model, (example,), "model.onnx")';
const FROM_HUGGING_FACE = 'optimum-cli export onnx --model FOLDER onnx';
const AT_ITS_SOURCE = `In Python, where the model was trained, run ${FROM_PYTORCH} or, in Keras, model.export('model.onnx', format='onnx'), ${PACK_IT}.`;

/** A row for each format: the end of a sentence that says what a file of it is, and the next step: one command, where there is one. */
const ROWS: Readonly<Record<OtherFormat, readonly [what: string, next: string]>> = {
  'saved-model': [
    'a SavedModel of TensorFlow, which Pannier does not read',
    `${tf2onnx('--saved-model FOLDER')} It takes the folder with saved_model.pb.`,
  ],
  'frozen-graph': [
    'a frozen graph of TensorFlow, which Pannier does not read',
    tf2onnx('--graphdef FILE --inputs NAME:0 --outputs NAME:0'),
  ],
  'tf-checkpoint': ['a checkpoint of TensorFlow, which holds weights without the model', AT_ITS_SOURCE],
  pytorch: ['a PyTorch file, which Pannier does not read', `In Python, load it into its model and run ${FROM_PYTORCH}, ${PACK_IT}.`],
  ultralytics: [
    'a PyTorch file of Ultralytics, which Pannier does not read',
    'Run yolo export model=FILE format=onnx, and pack the .onnx beside it.',
  ],
  pickle: ['a Python pickle, which only Python reads', AT_ITS_SOURCE],
  'scikit-learn': [
    'a Python pickle of scikit-learn, which only Python reads',
    `In Python, run open('model.onnx', 'wb').write(skl2onnx.to_onnx(model, X[:1]).SerializeToString()), ${PACK_IT}.`,
  ],
  safetensors: [
    'a safetensors file, which holds weights without the model',
    `If it lies in a folder of Hugging Face with its config.json, run ${FROM_HUGGING_FACE}, and pack onnx/model.onnx; if not, load it in Python into its model and run ${FROM_PYTORCH}.`,
  ],
  'hugging-face': [
    'a folder of Hugging Face with a config and weights, which Pannier does not read',
    `Run ${FROM_HUGGING_FACE}, and pack onnx/model.onnx.`,
  ],
  gguf: [
    'a GGUF file, which holds the weights of a model for llama.cpp',
    `Export the model that it was made from: run ${FROM_HUGGING_FACE}, and pack onnx/model.onnx.`,
  ],
  ort: [
    'an ONNX model as ONNX Runtime stores it for itself (.ort), which Pannier does not read',
    'Pack the .onnx that it was made from, most often beside it; nothing makes one of the .ort.',
  ],
  coreml: ['a Core ML model, which Pannier does not read', AT_ITS_SOURCE],
  zip: ['a zip archive without a model.json or a file of Keras', 'Unpack it, and pack the model in it.'],
  gzip: ['a gzip archive', 'Unpack it with gunzip or tar -xzf, and pack the model in it.'],
  html: ['a web page, so its download went wrong', 'Download the file itself, not the page that shows it.'],
  'git-lfs': ['a pointer of Git LFS, and the file is not here', 'Run git lfs pull.'],
  empty: ['empty', 'Was its download or copy cut short?'],
  packed: ['packed already', 'An app imports its model.js; pack takes the file that it was made from.'],
};

/** The error about a file that is no model that Pannier reads. @param file how messages name it */
export function otherFormat(file: string, format: Exclude<FileFormat, ReadFormat>, head: Uint8Array): PannierError {
  if (format !== 'binary') return refusal(file, format);
  const first = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return broken(
    `${file} is no model that Pannier reads: a binary file that begins with the bytes ${first}. An .onnx, .tflite, .keras or .h5 file or a TF.js model.json is wanted.`,
    {
      format,
    },
  );
}

/**
 * The only model file in a folder, or in its folder `onnx`.
 * @param name how messages name the folder
 * @returns its path in the folder
 * @throws {PannierError} `model-format` if there is none, or if there are several
 */
export async function modelInFolder(path: string, name: string): Promise<string> {
  const names = await readdir(path);
  const format = detectFolder(names);
  const inner = await readdir(join(path, ONNX_FOLDER)).catch(() => []);
  const models = [...modelFilesIn(names), ...inner.filter((file) => file.endsWith('.onnx')).map((file) => `${ONNX_FOLDER}/${file}`)].sort();
  const [only, ...more] = format === 'packed' || format === 'coreml' ? [] : models;
  if (only !== undefined && more.length === 0) return only;
  if (only !== undefined)
    throw broken(`${name} is a folder with ${models.length} models. Pack one of ${listed(models)} in it.`, { format });
  if (format === 'folder' || format === 'onnx-folder' || format === 'tfjs-folder')
    throw broken(`${name} is a folder, and a model file is wanted; it has ${listed(modelsIn(names))}.`, { format });
  throw refusal(name, format);
}

function refusal(file: string, format: OtherFormat): PannierError {
  const [what, next] = ROWS[format];
  return broken(`${file} is ${what}. ${next}`, { format });
}
