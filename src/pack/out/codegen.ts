/** Writes the text of `model.js` and `model.d.ts` from a manifest. Pure. No text of a model can end the quotes that it stands in. */

import { type DType, shapeText } from '../../base/dtype.js';
import type { ColumnSpec, InputSpec, Manifest, OutputSpec } from '../../manifest/manifest.js';
import type { Dim } from '../../manifest/signature.js';
import { camelCase, propertyName, quote, variableName } from '../javascript.js';
import type { AxisNames, SizeNames } from './size-names.js';

/** Both files begin with this line. The packer does not overwrite a file that begins otherwise. */
export const MARK = '// Written by `pannier pack`';

/** More labels than this have the type `string`, since the compiler is slow with large unions. */
const MAX_LABEL_TYPES = 1000;

const header = (file: string): string => `${MARK} from ${quote(file).slice(1, -1)}. Do not edit.\n`;

/**
 * The ES module that exports the manifest, with addresses that bundlers follow.
 * @param file base name of the model file, for the first line
 */
export const modelJs = (manifest: Manifest, file: string): string => `${header(file)}export default ${printJs(manifest, '')};\n`;

/**
 * The declarations: the types of the model's inputs and outputs.
 * @param file base name of the model file, for the first line
 * @param names of open sizes
 */
export function modelDts(manifest: Manifest, file: string, names: SizeNames): string {
  const { inputs, outputs } = withoutStates(manifest.signature);
  const name = variableName(manifest.name) ?? 'model';
  const typeName = (name[0] as string).toUpperCase() + name.slice(1);
  const rows = rowNames(inputs, typeName);
  const takes = Object.entries(inputs).map(([key, spec]) => field(key, inputNote(spec), inputType(spec, names.inputs[key], rows.get(key))));
  const gives = Object.entries(outputs).map(([key, spec]) => field(key, outputNote(spec), outputType(spec, names.outputs[key])));
  const has = (specs: object, test: (spec: InputSpec & OutputSpec) => boolean) => Object.values(specs).some(test);
  const used = [
    has(inputs, ({ image }) => image !== undefined) && 'ImageInput',
    has(outputs, ({ layout }) => layout !== undefined && layout.points === undefined) && 'DetectorTensor',
    has(outputs, ({ labels }) => labels !== undefined) && 'LabelledTensor',
    'ModelSource',
    has(outputs, ({ layout }) => layout?.points !== undefined) && 'PoseTensor',
    has(inputs, () => true) && 'Shaped',
    has(outputs, ({ labels, layout }) => labels === undefined && layout === undefined) && 'Tensor',
  ].filter((type) => type !== false);
  const rowTypes = [...rows].map(([key, row]) => rowType(row, inputs[key]?.columns ?? []));
  return `${header(file)}import type { ${used.join(', ')} } from 'pannier';

${rowTypes.join('')}export type ${typeName}Inputs = {
${takes.join('')}};

export type ${typeName}Outputs = {
${gives.join('')}};

declare const ${name}: ModelSource<${typeName}Inputs, ${typeName}Outputs>;
export default ${name};
`;
}

/** The inputs and outputs that an app gives and reads: a handle on the model keeps its states. */
function withoutStates({ inputs, outputs }: Manifest['signature']): Manifest['signature'] {
  const next = Object.values(inputs).flatMap(({ state }) => (state === undefined ? [] : [state.output]));
  return {
    inputs: Object.fromEntries(Object.entries(inputs).filter(([, { state }]) => state === undefined)),
    outputs: Object.fromEntries(Object.entries(outputs).filter(([name]) => !next.includes(name))),
  };
}

/** JavaScript source of plain values. The `url` of an asset becomes an address relative to the module. */
function printJs(value: unknown, indent: string): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== 'object'))
      return `[${value.map((item) => printJs(item, inner)).join(', ')}]`;
    return `[\n${value.map((item) => `${inner}${printJs(item, inner)},\n`).join('')}${indent}]`;
  }
  const lines = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .map(([key, each]) => {
      if (typeof each !== 'function') return `${inner}${propertyName(key)}: ${printJs(each, inner)},\n`;
      return `${inner}url: () => new URL('./${(value as { name: string }).name}', import.meta.url).href,\n`;
    });
  return lines.length === 0 ? '{}' : `{\n${lines.join('')}${indent}}`;
}

const field = (key: string, note: string, type: string): string => `  /** ${note} */\n  readonly ${propertyName(key)}: ${type};\n`;

const FITS = { stretch: 'stretched to', contain: 'fitted into', cover: 'cut to cover' } as const;

const scaleNote = (quantization: InputSpec['quantization']): string =>
  quantization === undefined ? '' : `; ${quantization.scale} · (number - ${quantization.zeroPoint})`.replace('- -', '+ ');

function inputNote({ dtype, shape, image, columns, pad, shapes, quantization }: InputSpec): string {
  const longest = pad === undefined ? '' : `; axis ${pad.axis} takes at most ${pad.to.at(-1)}`;
  const oneOf = shapes === undefined ? '' : `, one of ${shapes.map(shapeText).join(', ')}`;
  const tensor = `${dtype} ${shapeText(shape)}${oneOf}${longest}${scaleNote(quantization)}`;
  if (columns !== undefined) return `${tensor}; ${takesOneRow(shape) ? 'a row, or an array of rows' : `an array of ${shape?.[0]} rows`}`;
  return image === undefined ? tensor : `${tensor}; a picture is ${FITS[image.fit]} ${image.width} × ${image.height}`;
}

const outputNote = ({ dtype, shape, values, layout, quantization }: OutputSpec): string =>
  `${dtype} ${shapeText(shape)}${scaleNote(quantization)}${layout !== undefined ? '; boxes, as pannier/read reads them' : values === undefined ? '' : `; ${values}`}`;

const GIVEN = {
  float32: 'Float32Array',
  int32: 'Int32Array | BigInt64Array | Uint8Array | Uint8ClampedArray',
  bool: 'Uint8Array',
  uint8: 'Uint8Array | Uint8ClampedArray',
  int8: 'Int8Array',
} as const;

/** The name of the row type of each tabular input, which the compiler's messages and the app's code use. */
function rowNames(inputs: Manifest['signature']['inputs'], typeName: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [key, { columns }] of Object.entries(inputs)) {
    if (columns === undefined) continue;
    const word = camelCase(key);
    const name = `${typeName}${word.charAt(0).toUpperCase()}${word.slice(1)}Row`;
    const taken = [...names.values()];
    // The inputs `in-a` and `inA` have the same word.
    names.set(key, taken.includes(name) ? `${name}${taken.length + 1}` : name);
  }
  return names;
}

function rowType(name: string, columns: readonly ColumnSpec[]): string {
  const cells = columns.map((column) => `  readonly ${propertyName(column.name)}: ${cellType(column)};\n`);
  return `/** One row: a value for each column. */\nexport type ${name} = {\n${cells.join('')}};\n\n`;
}

function cellType(column: ColumnSpec): string {
  if (!('categories' in column)) return 'number';
  const { categories } = column;
  const types = categories.map((category) => (typeof category === 'string' ? quote(category) : String(category)));
  return [...new Set(categories.length > MAX_LABEL_TYPES ? categories.map((category) => typeof category) : types)].join(' | ');
}

function inputType({ dtype, shape, image }: InputSpec, names: AxisNames | undefined, row: string | undefined): string {
  const shaped = `Shaped<${typeArguments(dtype, shape, names)}>`;
  // With two open sizes, the length of a bare array does not give both.
  const ambiguous = shape === null || shape.filter((dim) => dim === null).length > 1;
  // With rows there is no bare array: the compiler would compare a row without some column to Float32Array in its message.
  if (row !== undefined) return `${takesOneRow(shape) ? `${row} | ` : ''}readonly ${row}[] | ${shaped}`;
  return [...(image === undefined ? [] : ['ImageInput']), ...(ambiguous ? [] : [GIVEN[dtype]]), shaped].join(' | ');
}

/** Whether a single row can fill an input with columns. */
const takesOneRow = (shape: readonly Dim[] | null): boolean => shape?.length === 1 || (shape?.[0] ?? 1) === 1;

function outputType({ dtype, shape, labels, layout }: OutputSpec, names: AxisNames | undefined): string {
  const tensor = typeArguments(dtype, shape, names);
  if (layout !== undefined)
    return `${layout.points ? 'Pose' : 'Detector'}Tensor<${layout.labels ? unionOf(layout.labels) : 'undefined'}, ${tensor}>`;
  return labels === undefined ? `Tensor<${tensor}>` : `LabelledTensor<${unionOf(labels)}, ${tensor}>`;
}

const unionOf = (labels: readonly (string | undefined)[]): string =>
  labels.length > MAX_LABEL_TYPES ? 'string' : [...new Set(labels)].map((label) => quote(label as string)).join(' | ');

function typeArguments(dtype: DType, shape: readonly Dim[] | null, names: AxisNames = []): string {
  const open = (axis: number) => (names[axis] === undefined ? 'number' : `${names[axis]}: number`);
  const sizes = shape === null ? 'readonly number[]' : `readonly [${shape.map((dim, axis) => dim ?? open(axis)).join(', ')}]`;
  return `'${dtype}', ${sizes}`;
}
