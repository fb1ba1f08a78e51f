/** Turns the page's choices into options of the packer, for the request and for the config. */
import type { ImageOptions, InputOptions, OutputOptions } from '../../src/pack/options.js';
import { readLiteral } from './literal.js';
import type { InputState, OutputState, PictureSettings, Range, State } from './state.js';
import type { PackRequest } from './wire.js';

const IMAGENET = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const;

type Numbers = Required<Pick<ImageOptions, 'scale' | 'offset'>>;

/** Scale and offset of common preprocessings. */
export const RANGES: Readonly<Record<Exclude<Range, 'unsaid' | 'own'>, Numbers>> = {
  zeroToOne: { scale: 1 / 255, offset: 0 },
  minusOneToOne: { scale: 1 / 127.5, offset: -1 },
  bytes: { scale: 1, offset: 0 },
  // (pixel / 255 − mean) / deviation, as torchvision does.
  imagenet: {
    scale: IMAGENET.deviation.map((each) => 1 / round(255 * each)),
    offset: IMAGENET.mean.map((each, index) => round(-each / (IMAGENET.deviation[index] as number))),
  },
};

/** Rounds numbers for people to copy; the error is far below one step of a pixel. */
function round(value: number): number {
  return Number(value.toFixed(6));
}

/**
 * Leaves out options that equal the packer's defaults, so that a config stays short.
 * @throws {Error} naming the input whose columns cannot be read
 */
export function packRequest(state: Pick<State, 'name' | 'inputs' | 'outputs'>): PackRequest {
  const inputs = state.inputs.flatMap((input) => entry(input.face.node, inputOptions(input)));
  const outputs = state.outputs.flatMap((output) => entry(output.face.node, outputOptions(output)));
  return {
    name: state.name,
    ...(inputs.length > 0 && { inputs: Object.fromEntries(inputs) }),
    ...(outputs.length > 0 && { outputs: Object.fromEntries(outputs) }),
  };
}

const entry = <T extends object>(node: string, options: T): [string, T][] => (Object.keys(options).length === 0 ? [] : [[node, options]]);

function inputOptions({ face, name, picture, sizes, columns = '' }: InputState): InputOptions {
  const image = picture === undefined ? {} : imageOptions(picture, face.image);
  return {
    ...(name !== face.name && { name }),
    ...(sizes !== undefined && { shape: numbersOf(sizes) }),
    ...(Object.keys(image).length > 0 && { image }),
    ...(columns.trim() !== '' && { columns: columnsOf(face.node, columns) }),
  };
}

/** Parses the columns; the packer checks their content. */
function columnsOf(node: string, text: string): NonNullable<InputOptions['columns']> {
  try {
    return readLiteral(text) as NonNullable<InputOptions['columns']>;
  } catch (thrown) {
    throw new Error(`inputs["${node}"].columns: ${(thrown as Error).message}`);
  }
}

/** @param said what the file says, which the packer takes for an option that is left out */
function imageOptions(
  { width, height, fit, filter, channels, layout, range, scale, offset }: PictureSettings,
  said: InputState['face']['image'],
): ImageOptions {
  const numbers = range === 'own' ? { scale: oneOrMore(scale), offset: oneOrMore(offset) } : range === 'unsaid' ? {} : RANGES[range];
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(fit !== (said?.fit ?? 'stretch') && { fit }),
    ...(filter !== (said?.filter ?? 'bilinear') && { filter }),
    ...(channels === 'bgr' && { channels }),
    ...(layout !== (said?.layout ?? 'nhwc') && { layout }),
    ...numbers,
  };
}

function outputOptions({ face, name, kind, labels, values }: OutputState): OutputOptions {
  const said = labelsOf(labels);
  return {
    ...(name !== face.name && { name }),
    ...(kind === 'classes' && said.length > 0 && { labels: said, values }),
  };
}

/** One label per line; empty lines at the end are dropped. */
export const labelsOf = (text: string): string[] => {
  const lines = text.trimEnd();
  return lines === '' ? [] : lines.split(/\r?\n/).map((line) => line.trim());
};

/** Numbers and fractions, separated by commas or spaces. Anything else becomes NaN (null in JSON), which the packer refuses. */
export const numbersOf = (text: string): number[] =>
  text
    .split(/[,\s]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [above = '', below = '1', ...more] = part.split('/');
      return above === '' || below === '' || more.length > 0 ? Number.NaN : Number(above) / Number(below);
    });

/** Sends text that is no number as it is, because JSON has no NaN and the packer's message says what it wants. */
function oneOrMore(text: string): number | number[] {
  const numbers = numbersOf(text);
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) return text as never;
  const [first = 0, ...more] = numbers;
  return more.length === 0 ? first : numbers;
}
