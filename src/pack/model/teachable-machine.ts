/**
 * Reads `metadata.json`, in which Teachable Machine writes the labels of the classes, beside its model.json. No file says how
 * pictures are prepared. Teachable Machine's library crops the square in the middle, resizes it, divides by 127 and subtracts 1
 * (teachablemachine-community, libraries/image/src/utils). Its audio models are those of speech-commands, which calls the labels
 * `wordLabels`; they take spectrograms, whose shape, such as [null, 43, 232, 1], is also that of grey pictures.
 */
import type { Fields } from '../../base/fields.js';
import { arrayAt, broken, textAt } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import type { Ends, InputEnd } from '../../formats/tfjs/ends.js';
import type { InputOptions, OutputOptions } from '../options.js';
import type { Hints } from './hints.js';

/** The file's name. */
export const METADATA_FILE = 'metadata.json';

const SOURCE: Pick<Hints, 'source' | 'warnings'> = { source: METADATA_FILE, warnings: [] };

/** Names for the input and the output, since Teachable Machine names layers by counters. */
const IMAGE: InputOptions = { name: 'image', image: { fit: 'cover', scale: 1 / 127, offset: -1 } };
const SPECTROGRAM: InputOptions = { name: 'spectrogram', image: false };
const SCORES: OutputOptions = { name: 'scores', values: 'probabilities' };

/**
 * Reads a `metadata.json`. A file that is not of Teachable Machine is ignored.
 * @throws {PannierError} `model-format` if the number of labels is not that of the only output's values
 */
export function readMetadata(metadata: Fields, { inputs, outputs }: Ends): Hints {
  const key = labelsKey(metadata);
  const [output, ...others] = outputs;
  if (key === undefined || output === undefined || others.length > 0) return { inputs: {}, outputs: {}, ...SOURCE };
  const labels = arrayAt(metadata[key], `${METADATA_FILE}'s ${key}`, LIMITS.labels).map((label, index) =>
    textAt(label, `${METADATA_FILE}'s ${key}[${index}]`),
  );
  const count = output.shape?.at(-1);
  if (labels.length !== count)
    throw broken(
      `${METADATA_FILE} has ${labels.length} labels, but output "${output.key}" has ${count} values; the files are not from one export.`,
    );
  const long = labels.findIndex((label) => Buffer.byteLength(label) > LIMITS.labelBytes);
  if (long !== -1) throw broken(`${METADATA_FILE}'s ${key}[${long}] has more than ${LIMITS.labelBytes} bytes.`);
  const [input, ...more] = inputs;
  return {
    inputs: input !== undefined && more.length === 0 && isPicture(input) ? { [input.key]: key === 'labels' ? IMAGE : SPECTROGRAM } : {},
    outputs: { [output.key]: { ...SCORES, labels } },
    ...SOURCE,
  };
}

/** The field that has the labels; `undefined` for a file of someone else. */
function labelsKey(metadata: Fields): 'labels' | 'wordLabels' | undefined {
  const has = (key: string) => metadata[key] !== undefined;
  if (has('wordLabels') && has('tfjsSpeechCommandsVersion')) return 'wordLabels';
  return has('labels') && ['tmVersion', 'packageName', 'imageSize'].some(has) ? 'labels' : undefined;
}

const isPicture = ({ shape }: InputEnd): boolean =>
  shape?.length === 4 && !shape.slice(1).includes(null) && (shape[3] === 3 || shape[3] === 1);
