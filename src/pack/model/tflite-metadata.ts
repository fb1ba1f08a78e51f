/** The options that the metadata of a .tflite file stand for. */
import { messageOf } from '../../base/errors.js';
import { LIMITS } from '../../formats/limits.js';
import type { End, Ends, InputEnd } from '../../formats/tfjs/ends.js';
import type { TensorMetadata, TfliteMetadata } from '../../formats/tflite/metadata.js';
import type { TfliteModel } from '../../formats/tflite/model.js';
import type { Graph } from '../../graph/graph.js';
import type { Dim } from '../../manifest/signature.js';
import type { ImageOptions, InputOptions, OutputOptions } from '../options.js';
import type { Hints } from './hints.js';
import { hintsOf } from './ultralytics.js';

type Tflite = typeof import('../../formats/tflite/index.js');

/** A model as it was read. */
interface Read {
  readonly model: TfliteModel;
  readonly subgraph: number;
  readonly bytes: Uint8Array;
  readonly graph: Graph;
  readonly ends: Ends;
}

/** Hints of Ultralytics, or of TensorFlow Lite's own metadata. Metadata that are broken become a warning, since the model runs without. */
export function tfliteHints(tflite: Tflite, { model, subgraph, bytes, graph, ends }: Read, file: string): Hints | undefined {
  const source = `the metadata of ${file}`;
  try {
    const left: string[] = [];
    const files = tflite.associatedFiles(bytes, file, (sentence) => left.push(sentence));
    const said = tflite.ultralyticsAmong(files);
    const metadata = said === undefined ? tflite.readTfliteMetadata(model, subgraph, file) : undefined;
    if (said === undefined && metadata === undefined && left.length === 0) return undefined;
    const hints = said === undefined ? metadata && hintsFrom(metadata, files, graph, ends) : hintsOf(said, ends, file, 'tflite');
    return { inputs: {}, outputs: {}, source, ...hints, warnings: [...left, ...(hints?.warnings ?? [])] };
  } catch (thrown) {
    return { inputs: {}, outputs: {}, source, warnings: [`${messageOf(thrown)} The metadata are passed over.`] };
  }
}

function hintsFrom(
  { name, description, license, inputs, outputs }: TfliteMetadata,
  files: ReadonlyMap<string, string>,
  graph: Graph,
  ends: Ends,
): Omit<Hints, 'source'> {
  const warnings: string[] = [];
  const inputOf = (end: InputEnd, index: number): InputOptions => {
    const image = imageOf(end, inputs[index]);
    return image === undefined ? {} : { image };
  };
  const outputOf = (end: End & { readonly shape: readonly Dim[] | null | undefined }, index: number): OutputOptions => {
    const labels = labelsOf(outputs[index], files);
    if (labels === undefined) return {};
    if (labels.length === end.shape?.at(-1)) return { labels, values: kindOf(graph, index) };
    warnings.push(
      `The file has ${labels.length} labels for output "${end.key}", which has ${end.shape?.at(-1)} values; they are passed over.`,
    );
    return {};
  };
  const about = [name, description].filter((text) => isShort(text)).join(': ');
  return {
    inputs: Object.fromEntries(ends.inputs.map((end, index) => [end.key, inputOf(end, index)])),
    outputs: Object.fromEntries(ends.outputs.map((end, index) => [end.key, outputOf(end, index)])),
    ...(isShort(license) && { license: license.trim() }),
    ...(about !== '' && { about }),
    warnings,
  };
}

const isShort = (text: string): boolean => text.trim() !== '' && text.length <= LIMITS.stringBytes && !text.includes('\0');

/**
 * How a picture becomes an input: the floats of the metadata's normalisation, which packing turns into whole numbers where those stand for
 * floats. An input of 8 bits whose file does not say what its numbers stand for takes the pixels as they are; one with a sign, less 128.
 */
function imageOf({ dtype, shape, quantization }: InputEnd, metadata: TensorMetadata | undefined): ImageOptions | undefined {
  const channels = shape?.at(-1);
  if (shape?.length !== 4 || metadata === undefined || (channels !== 1 && channels !== 3)) return undefined;
  const isOf8Bits = dtype === 'uint8' || dtype === 'int8';
  if (quantization === undefined && isOf8Bits) return metadata.isPicture ? { scale: 1, offset: dtype === 'uint8' ? 0 : -128 } : undefined;
  const units = unitsOf(metadata, channels);
  if (quantization !== undefined && isOf8Bits && !units?.every((unit) => fits8Bits(unit, dtype, quantization)))
    return metadata.isPicture ? {} : undefined;
  if (units === undefined || (dtype !== 'float32' && quantization === undefined)) return undefined;
  const each = (make: (unit: Unit) => number): number | readonly number[] => {
    const values = units.map(make);
    return values.every((value) => value === values[0]) ? (values[0] as number) : values;
  };
  return { scale: each(({ deviation }) => 1 / deviation), offset: each(({ mean, deviation }) => 0 - mean / deviation) };
}

/** The normalisation of one channel: a pixel becomes (pixel - mean) / deviation. */
interface Unit {
  readonly mean: number;
  readonly deviation: number;
}

/** The normalisation of each channel; undefined if the metadata have none, or not as many numbers as there are channels. */
function unitsOf({ normalization }: TensorMetadata, channels: number): readonly Unit[] | undefined {
  const { mean = [], std = [] } = normalization ?? {};
  const isWhole = [mean, std].every(({ length }) => length === 1 || length === channels);
  if (!isWhole || !std.every((each) => each > 0) || !mean.every(Number.isFinite)) return undefined;
  const at = (values: readonly number[], channel: number) => values[channel] ?? (values[0] as number);
  return Array.from({ length: channels }, (_, channel) => ({ mean: at(mean, channel), deviation: at(std, channel) }));
}

/** How far beyond the numbers of 8 bits black and white may lie. */
const MAX_BEYOND = 128;

/**
 * Whether normalised pixels, from black to white, are roughly the numbers of 8 bits. Some files say mean 0 and deviation 1 whatever the
 * input's scale is, and mean that pixels are the numbers: TensorFlow's Task Library copies pixels into an input of 8 bits.
 */
function fits8Bits(
  { mean, deviation }: Unit,
  dtype: 'int8' | 'uint8',
  { scale, zeroPoint }: NonNullable<InputEnd['quantization']>,
): boolean {
  const least = dtype === 'int8' ? -128 : 0;
  return [0, 255].every((pixel) => {
    const number = (pixel - mean) / deviation / scale + zeroPoint;
    return number >= least - MAX_BEYOND && number <= least + 255 + MAX_BEYOND;
  });
}

/** The labels of the first file that is there, one a line. */
function labelsOf(metadata: TensorMetadata | undefined, files: ReadonlyMap<string, string>): readonly string[] | undefined {
  const text = metadata?.labelFiles.map((name) => files.get(name)).find((each) => each !== undefined);
  const labels = text?.replace(/\r?\n$/, '').split(/\r?\n/);
  const isLabel = (label: string) => new TextEncoder().encode(label).length <= LIMITS.labelBytes;
  return labels !== undefined && labels.length <= LIMITS.labels && labels.every(isLabel) ? labels : undefined;
}

/** Whether an output's values are probabilities: a softmax or a sigmoid makes those. The metadata do not say it. */
function kindOf({ outputs, nodes }: Graph, index: number): 'probabilities' | 'logits' {
  const maker = nodes.find((node) => node.outputs.includes(outputs[index] as Graph['outputs'][number]));
  return maker?.op === 'softmax' || maker?.op === 'sigmoid' ? 'probabilities' : 'logits';
}
