/**
 * Reads TensorFlow Lite's metadata, a flatbuffer of its own in the file (tensorflow_lite_support/metadata/metadata_schema.fbs, version
 * 1.1.0, where fields have the numbers of their order), as far as a page can use it.
 */
import { LIMITS } from '../limits.js';
import { refusalOf, Table } from './flatbuffer.js';
import type { TfliteModel } from './model.js';

/** The name of the metadata in the file. */
const NAME = 'TFLITE_METADATA';

/** How many files, inputs or outputs there may be. */
const MAX_ENTRIES = 1000;

/** A statement about an input or an output. */
export interface TensorMetadata {
  readonly isPicture: boolean;
  /** Each channel's value is (pixel - mean) / std, where a pixel is 0 to 255; one number may stand for all channels. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
  /** The names of files with a label for each place along the last axis, in order of preference. */
  readonly labelFiles: readonly string[];
}

export interface TfliteMetadata {
  readonly name: string;
  readonly description: string;
  readonly license: string;
  /** They stand in the order of the graph's. */
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/**
 * The metadata of a graph of a file; undefined if the file has none.
 * @param file how messages name the model
 * @throws {PannierError} `model-format` for metadata that are broken
 */
export function readTfliteMetadata({ metadata }: TfliteModel, subgraph: number, file: string): TfliteMetadata | undefined {
  const bytes = metadata.get(NAME);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const model = Table.root(bytes, refusalOf(`The metadata of ${file}`, "flatbuffer of TensorFlow Lite's metadata"));
  const graph = model.tables(3, LIMITS.nodes, 'graphs')[subgraph];
  const tensors = (field: number) => graph?.tables(field, MAX_ENTRIES, 'tensors').map(tensorOf) ?? [];
  return {
    ...{ name: model.text(0), description: model.text(1), license: model.text(5) },
    ...{ inputs: tensors(2), outputs: tensors(3) },
  };
}

/** The numbers of kinds in unions and enums. */
const IMAGE_PROPERTIES = 2;
const NORMALIZATION = 1;
const AXIS_LABELS = 2;

function tensorOf(tensor: Table): TensorMetadata {
  const unit = tensor
    .tables(4, MAX_ENTRIES, 'process units')
    .find((each) => each.number(0, 'uint8') === NORMALIZATION)
    ?.table(1);
  const files = tensor.tables(6, MAX_ENTRIES, 'files').filter((each) => each.number(2, 'int8') === AXIS_LABELS);
  return {
    isPicture: tensor.table(3)?.number(0, 'uint8') === IMAGE_PROPERTIES,
    normalization: unit && { mean: unit.numbers(0, 'float32'), std: unit.numbers(1, 'float32') },
    labelFiles: files.map((each) => each.text(0)),
  };
}
