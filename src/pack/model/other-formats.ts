/** What to do with a model file that Pannier does not read, or with a file that is no model: one row for each format. */
import { readdir } from 'node:fs/promises';
import type { PannierError } from '../../base/errors.js';
import { detectFolder, type FileFormat, type FolderFormat } from '../../formats/detect.js';
import { broken } from '../../formats/file-fields.js';
import { listed } from '../files/missing.js';

type OtherFormat = Exclude<FileFormat | FolderFormat, 'json' | 'text' | 'onnx' | 'binary' | 'folder'>;

const FROM_SAVED_MODEL =
  'tensorflowjs_converter --input_format=tf_saved_model --output_format=tfjs_graph_model saved_model web_model, and pack web_model/model.json';
const THEN = `Then run ${FROM_SAVED_MODEL}.`;
const AT_ITS_SOURCE = `In Python, where the model was trained, save it as a SavedModel. ${THEN}`;

/** For each format what a file of it is, as the end of a sentence, and the next step. */
const ROWS: Readonly<Record<OtherFormat, readonly [what: string, next: string]>> = {
  tflite: [
    'a TensorFlow Lite (LiteRT) model, which Pannier does not read yet',
    `Run onnx2tf -it model.tflite -tb flatbuffer_direct, which writes the folder saved_model, or save the model that it was made from as a SavedModel. ${THEN}`,
  ],
  keras: [
    'a Keras model (.keras), which Pannier does not read yet',
    `In Python, run keras.models.load_model('model.keras').export('saved_model'). ${THEN}`,
  ],
  hdf5: [
    'an HDF5 file, as Keras writes models and weights (.h5), which Pannier does not read yet',
    'If it holds a whole model, run tensorflowjs_converter --input_format=keras model.h5 web_model, and pack web_model/model.json. Weights alone are no model.',
  ],
  'saved-model': [
    'a SavedModel of TensorFlow, which Pannier does not read',
    `Run ${FROM_SAVED_MODEL}. It takes the folder with saved_model.pb.`,
  ],
  'frozen-graph': [
    'a frozen graph of TensorFlow, which Pannier does not read',
    'Run tensorflowjs_converter --input_format=tf_frozen_model --output_node_names=NAME,NAME model.pb web_model, and pack web_model/model.json.',
  ],
  pytorch: [
    'a PyTorch file, which Pannier does not read',
    'In Python, run torch.onnx.export(model, (example,), "model.onnx"), and pack model.onnx.',
  ],
  pickle: ['a Python pickle, which only Python reads', AT_ITS_SOURCE],
  safetensors: ['a safetensors file, which holds weights without the model', AT_ITS_SOURCE],
  coreml: ['a Core ML model, which Pannier does not read', AT_ITS_SOURCE],
  zip: ['a zip archive without a model.json', 'Unpack it, and pack the model in it.'],
  'tfjs-zip': [
    'a zip archive with a model.json, as Teachable Machine downloads it',
    'Unpack all of it into one folder, and pack the model.json.',
  ],
  gzip: ['a gzip archive', 'Unpack it with gunzip or tar -xzf, and pack the model in it.'],
  html: ['a web page, so its download went wrong', 'Download the file itself, not the page that shows it.'],
  'git-lfs': ['a pointer of Git LFS, and the file is not here', 'Run git lfs pull.'],
  empty: ['empty', 'Was its download or copy cut short?'],
  packed: ['packed already', 'An app imports its model.js; pack takes the file that it was made from.'],
  'tfjs-folder': ['a folder', 'Pack the model.json in it.'],
};

/** The error about a file that is no model of TF.js or ONNX. @param file how messages name it */
export function otherFormat(file: string, format: Exclude<FileFormat, 'json' | 'text' | 'onnx'>, head: Uint8Array): PannierError {
  if (format !== 'binary') return refusal(file, format);
  const first = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return broken(
    `${file} is no model that Pannier reads: a binary file that begins with the bytes ${first}. A TF.js model.json or an .onnx file is wanted.`,
    {
      format,
    },
  );
}

/** The error about a folder in place of a model file. @param name how messages name it */
export async function folderInstead(path: string, name: string): Promise<PannierError> {
  const names = await readdir(path);
  const format = detectFolder(names);
  if (format !== 'folder') return refusal(name, format);
  const beside = listed(names.filter((each) => each.endsWith('.json')).sort());
  return broken(`${name} is a folder, and a model file is wanted; it has ${beside}.`, { format });
}

function refusal(file: string, format: OtherFormat): PannierError {
  const [what, next] = ROWS[format];
  return broken(`${file} is ${what}. ${next}`, { format });
}
