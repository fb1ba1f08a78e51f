/** Reads a model file from disk into a graph. Its bytes say of which format it is. */

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { detect, HEAD_BYTES } from '../../formats/detect.js';
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import { archivePath } from '../files/archive-path.js';
import { missingFile } from '../files/missing.js';
import { folderOnDisk } from '../files/model-folder.js';
import { type OpenFile, openRecorded, readEnds, readWhole } from '../files/open.js';
import { badOption, type PackOptions } from '../options.js';
import { modelInFolder, otherFormat } from './other-formats.js';
import { readKerasFile } from './read-keras.js';
import type { ReadModel } from './read-model.js';
import { readOnnxFile } from './read-onnx.js';
import { readTaskFile } from './read-task.js';
import { readTfjsFile } from './read-tfjs.js';
import { readTfliteFile } from './read-tflite.js';
import { readTfjsZip } from './read-zip.js';

/** The options that a file may have to be read with: sizes and values of inputs (.onnx), and the signature (.tflite). */
type ReadOptions = Pick<PackOptions, 'inputs' | 'signature'>;

/**
 * Reads a model.json of TF.js or an .onnx file, with the files beside it that hold its weights; a .tflite file; a .keras or .h5 file of
 * Keras; the zip that Teachable Machine downloads; or a .tflite in a .task of MediaPipe, whose name stands behind `#` in the path.
 * @param path of a model file, or of a folder with one
 * @throws {PannierError} `model-format`; for a file of another format it says what that is, and how a model is made of it
 */
export async function readModel(path: string, options: ReadOptions = {}): Promise<ReadModel> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return readModelFile(path, options);
  const folder = basename(path);
  const model = await modelInFolder(path, folder);
  const read = await readModelFile(join(path, model), options);
  return { ...read, taken: [`${model}, the only model in ${folder}`] };
}

async function readModelFile(path: string, { inputs = {}, signature }: ReadOptions): Promise<ReadModel> {
  const { archive, entry } = archivePath(path);
  const file = basename(archive);
  const opened = await openModel(archive, file);
  try {
    const { head, tail } = await readEnds(opened, HEAD_BYTES, file);
    const format = detect(head, tail);
    if (format === 'mediapipe-task') return await readTaskFile(opened, archive, file, entry, signature);
    if (entry !== undefined) throw badOption(`Option model names ${entry} in ${file}, which is no archive of .tflite files.`);
    if (format === 'tflite') return await readTfliteFile(await readWhole(opened, path, file, LIMITS.weightBytes), file, signature);
    if (signature !== undefined) throw badOption(`Option signature is for .tflite files, and ${file} is none; leave it out.`);
    if (format === 'onnx') return await readOnnxFile(opened, path, file, inputs);
    if (format === 'keras' || format === 'hdf5') return await readKerasFile(opened, path, file, format);
    if (format === 'tfjs-zip') return await readTfjsZip(opened, path, file);
    if (format !== 'json' && format !== 'text') throw otherFormat(file, format, head);
    return await readTfjsFile(await readWhole(opened, path, file, LIMITS.jsonBytes), folderOnDisk(dirname(path)), file);
  } finally {
    await opened.handle.close();
  }
}

function openModel(path: string, file: string): Promise<OpenFile> {
  return openRecorded(path, file).catch(async (thrown) => {
    const { code } = ((thrown as Error).cause as NodeJS.ErrnoException | undefined) ?? {};
    throw code === 'ENOENT' ? broken(await missingFile(path)) : thrown;
  });
}
