/** The program that does what the page shows. */
import type { DType, Row } from '../../src/index.js';
import { memberOf, propertyName, quote, variableName } from '../../src/pack/javascript.js';
import { packedPath } from './config-text.js';
import type { DrawingSettings } from './guess.js';
import { sourceOf } from './source-text.js';

/** One input of the program. */
export interface ProgramInput {
  readonly name: string;
  readonly dtype: DType;
  /** Rows, for an input with columns. */
  readonly rows?: readonly Row[];
  /** Numbers; undefined for a picture. */
  readonly values?: {
    readonly data: ArrayLike<number>;
    readonly shape: readonly number[];
    /** Whether a bare array's length does not tell the shape. */
    readonly isShaped: boolean;
  };
}

export interface ProgramOutput {
  readonly name: string;
  readonly drawing: DrawingSettings;
  /** Boxes: the name of the output with their scores. */
  readonly scores: string | undefined;
  readonly labels: readonly string[];
}

export interface Program {
  /** The model's name; its folder lies beside the program, in `models/`. */
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly ProgramOutput[];
  /** Whether outputs hold NaN or infinities, which predict refuses by default. */
  readonly allowsNonFinite?: boolean;
}

/** Most numbers that the program lists; the app fills in longer arrays. */
const VALUES = 64;

/** TypeScript, to be kept in `src`. */
export function programText({ name, inputs, outputs, allowsNonFinite = false }: Program): string {
  const pictures = inputs.filter(({ values, rows }) => values === undefined && rows === undefined);
  const image = pictures[0]?.name;
  const read = new Set<string>();
  const answers = new Map<string, string>();
  for (const output of outputs) {
    const { term, call, uses } = answerOf(output, image);
    if (uses !== undefined) read.add(uses);
    answers.set(unique(term, [...answers.keys()]), call);
  }
  const photos = new Map(pictures.map(({ name: input }, index) => [input, index === 0 ? 'photo' : `photo${index + 1}`]));
  const files = [...photos.values()].map((photo) => `${photo}.jpg`);
  const packed = importName(name, [...answers.keys(), ...photos.values()]);
  const given = inputs.map((input) => `${propertyName(input.name)}: ${photos.get(input.name) ?? valuesText(input)}`);
  const usesImage = [...answers.values()].some((call) => call.includes('images'));
  const call = `const { outputs${usesImage ? ', images' : ''} } = await model.predict(${braced(given)});`;
  return [
    `import { loadModel } from ${quote('pannier')};`,
    ...(read.size > 0 ? [`import { ${[...read].sort().join(', ')} } from ${quote('pannier/read')};`] : []),
    `import ${packed} from ${quote(`./${packedPath(name)}/model.js`)};`,
    '',
    ...(photos.size > 0
      ? [`// Put ${files.join(' and ')} in public/. An <img>, a <video>, a canvas, a file that somebody chose do as well.`]
      : []),
    ...[...photos.values()].map((photo, index) => `const ${photo} = await (await fetch('${files[index]}')).blob();`),
    ...(photos.size > 0 ? [''] : []),
    `const model = await loadModel(${packed}${allowsNonFinite ? ", { nonFinite: 'allow' }" : ''});`,
    call,
    '',
    ...[...answers].map(([term, text]) => `const ${term} = ${text};`),
    `console.log(${braced([...answers.keys()])});`,
    '',
  ].join('\n');
}

interface Answer {
  /** Its name in the program. */
  readonly term: string;
  readonly call: string;
  /** The function of `pannier/read`. */
  readonly uses?: string;
}

function answerOf({ name, drawing, scores, labels }: ProgramOutput, image: string | undefined): Answer {
  const output = memberOf('outputs', name);
  const { kind, normalized, minScore, row, channel, threshold, values } = drawing;
  const place = image === undefined ? [] : [`image: ${memberOf('images', image)}`];
  const columns = `columns: ${sourceOf(columnsOf(drawing.columns))}`;
  const scaled = normalized && image !== undefined ? ['normalized: true'] : [];
  if (kind === 'classes') {
    // An output with packed labels carries the kind of its values.
    const options = labels.length > 0 || values === 'probabilities' ? ['k: 5'] : ['k: 5', `values: ${quote(values)}`];
    return { term: 'classes', call: `topK(${output}, ${braced(options)})`, uses: 'topK' };
  }
  if (kind === 'boxes') {
    const options = [
      ...(drawing.columns.trim() === '' ? [] : [columns]),
      ...(scores === undefined ? [] : [`scores: ${memberOf('outputs', scores)}`]),
      ...(labels.length === 0 ? [] : [`labels: ${sourceOf(labels)}`]),
      ...scaled,
      ...place,
      ...(minScore === 0.3 ? [] : [`minScore: ${minScore}`]),
    ];
    return { term: 'found', call: `boxes(${output}, ${braced(options)})`, uses: 'boxes' };
  }
  if (kind === 'keypoints') {
    const names = labels.length === 0 ? [] : [`names: ${sourceOf(labels)}`];
    const options = [columns, ...names, ...scaled, ...place, ...(row === 0 ? [] : [`row: ${row}`])];
    return { term: 'points', call: `keypoints(${output}, ${braced(options)})`, uses: 'keypoints' };
  }
  if (kind === 'mask') {
    const options = [...(channel === 0 ? [] : [`channel: ${channel}`]), ...(threshold === undefined ? [] : [`threshold: ${threshold}`])];
    return { term: 'mask', call: `maskImage(${output}${options.length === 0 ? '' : `, ${braced(options)}`})`, uses: 'maskImage' };
  }
  return { term: 'values', call: `${output}.data` };
}

/** `-` skips a value. */
export const columnsOf = <Column extends string>(text: string): (Column | null)[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => (word === '-' ? null : (word as Column)));

const ARRAYS = { float32: 'Float32Array', int32: 'Int32Array', bool: 'Uint8Array', uint8: 'Uint8Array', int8: 'Int8Array' } as const;

/** Most rows that the program lists; an app brings its own. */
const ROWS = 10;

function valuesText({ dtype, values, rows = [] }: ProgramInput): string {
  if (values === undefined) return sourceOf(rows.slice(0, ROWS));
  const { data, shape, isShaped } = values;
  const array =
    data.length <= VALUES
      ? `${ARRAYS[dtype]}.of(${Array.from(data, (value) => short(value)).join(', ')})`
      : `new ${ARRAYS[dtype]}(${data.length} /* your values */)`;
  return isShaped ? `{ data: ${array}, shape: [${shape.join(', ')}] }` : array;
}

/** A float32 in the fewest digits that restore it. */
function short(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** Most characters of an object that stays on one line. */
const WIDTH = 60;

function braced(parts: readonly string[]): string {
  const line = `{ ${parts.join(', ')} }`;
  if (parts.length === 0) return '{}';
  return line.length <= WIDTH ? line : `{\n${parts.map((part) => `  ${part},\n`).join('')}}`;
}

function unique(term: string, taken: readonly string[]): string {
  for (let count = 2, name = term; ; name = `${term}${count++}`) if (!taken.includes(name)) return name;
}

/** Names that are already taken in the program. */
const TAKEN = ['model', 'outputs', 'images', 'loadModel', 'topK', 'boxes', 'keypoints', 'maskImage', 'console', 'fetch'];

/** The name of the import: the model's own name if it is free. */
function importName(name: string, taken: readonly string[]): string {
  const own = variableName(name);
  return own === undefined || TAKEN.includes(own) || taken.includes(own) ? 'packed' : own;
}
