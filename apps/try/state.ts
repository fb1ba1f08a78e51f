/** Everything that the page knows, in one plain object; every panel is drawn from it. */
import type { ImageSpec, Model, ModelSource, Prediction, Stats, ValueKind } from '../../src/index.js';
import type { ColumnSpec } from '../../src/manifest/manifest.js';
import { type DrawingKind, type DrawingSettings, UNGUESSED } from './guess.js';
import type { SeenPicture } from './seen.js';
import type { About, InputFace, OutputFace } from './wire.js';

/** What training may have done to pixels. `unsaid` leaves it to the packer, which says that it guesses. */
export type Range = 'unsaid' | 'zeroToOne' | 'minusOneToOne' | 'bytes' | 'imagenet' | 'own';

/** How a picture becomes this input, as the controls have it. */
export interface PictureSettings {
  /** Undefined where the graph fixes them. */
  width: number | undefined;
  height: number | undefined;
  fit: ImageSpec['fit'];
  filter: ImageSpec['filter'];
  channels: ImageSpec['channels'];
  layout: ImageSpec['layout'];
  range: Range;
  /** Of `own`: numbers or fractions, one or one per channel. */
  scale: string;
  offset: string;
}

export interface InputState {
  readonly face: InputFace;
  name: string;
  /** Undefined where no picture fits the shape. */
  readonly picture: PictureSettings | undefined;
  /** What is shown to the model. */
  bitmap: ImageBitmap | undefined;
  caption: string;
  seen: SeenPicture | undefined;
  /** Numbers as typed. */
  rows: string;
  /** The columns of its rows, as the config has them; undefined where it cannot have any. */
  columns: string | undefined;
  /** The same with every default, of the model that runs. */
  rowsOf: readonly ColumnSpec[] | undefined;
  /** Sizes of the golden sample where the graph leaves them open, as typed; undefined where it does not matter. */
  sizes: string | undefined;
  /** What does not fit, in words. */
  error: string;
  /** What the packer says of it. */
  warnings: readonly string[];
}

export interface OutputState extends DrawingSettings {
  readonly face: OutputFace;
  name: string;
  kind: DrawingKind;
  /** By a person or by the first guess; no other guess changes it. */
  isChosen: boolean;
  /** One a line. */
  labels: string;
  values: ValueKind;
  error: string;
}

/** The packed model that runs. */
export interface Packed {
  readonly manifest: ModelSource;
  readonly warnings: readonly string[];
  /** Undefined for a folder that was packed before. */
  readonly bytes: number | undefined;
}

/** How it was loaded; `loadTiming` is missing where no backend would. */
export interface Loaded extends Pick<Model, 'selection' | 'notes'> {
  readonly loadTiming: Model['loadTiming'] | undefined;
}

export interface State {
  readonly about: About;
  /** The model's, and with it the packed folder's. */
  name: string;
  readonly inputs: readonly InputState[];
  readonly outputs: readonly OutputState[];
  /** `auto` is what the command line said. */
  backend: 'auto' | 'webgpu' | 'wasm' | 'cpu';
  packed: Packed | undefined;
  loaded: Loaded | undefined;
  prediction: Prediction | undefined;
  stats: Stats | undefined;
  /** What the page is about, in a few words. */
  status: string;
  /** What belongs to no input and to no output. */
  error: string;
  /** Whether the packer has not taken what the page says now. */
  isRefused: boolean;
}

/** The first thing that is wrong, or nothing. */
export const problemOf = ({ error, inputs, outputs }: State): string =>
  [...inputs, ...outputs, { error }].find((each) => each.error !== '')?.error ?? '';

/** What differs between a file and a folder is only where the faces come from. */
export function startState(about: About, name: string, inputs: readonly InputFace[], outputs: readonly OutputFace[]): State {
  return {
    about,
    name,
    inputs: inputs.map(startInput),
    outputs: outputs.map((face) => ({
      ...UNGUESSED,
      ...{ face, name: face.name, isChosen: false, error: '' },
      labels: face.labels?.join('\n') ?? '',
      values: face.values ?? 'probabilities',
    })),
    backend: 'auto',
    packed: undefined,
    loaded: undefined,
    prediction: undefined,
    stats: undefined,
    status: '',
    error: '',
    isRefused: true,
  };
}

function startInput(face: InputFace): InputState {
  const picture = startPicture(face);
  const { shape } = face;
  const isOpen = picture === undefined && (shape === null || shape.slice(1).includes(null));
  return {
    face,
    name: face.name,
    picture,
    bitmap: undefined,
    caption: '',
    seen: undefined,
    rows: '',
    warnings: [],
    rowsOf: face.columns,
    columns: picture === undefined && face.dtype !== 'bool' && (shape?.length === 1 || shape?.length === 2) ? '' : undefined,
    sizes: isOpen ? (shape ?? [1]).map((size, axis) => size ?? (axis === 0 ? 1 : 16)).join(', ') : undefined,
    error: '',
  };
}

/** Where the graph leaves a picture's size open: a common one. */
const OPEN_SIZE = 256;

const isColour = (size: unknown): size is 1 | 3 => size === 1 || size === 3;

/** As the packer does, a batch of one picture with 1 or 3 channels; of both layouts. */
function startPicture({ dtype, shape, image }: InputFace): PictureSettings | undefined {
  if (image !== undefined) {
    const { width, height, fit, filter, channels, layout, scale, offset } = image;
    return { width, height, fit, filter, channels, layout, range: 'own', scale: scale.join(', '), offset: offset.join(', ') };
  }
  if (dtype === 'bool' || shape?.length !== 4 || (shape[0] !== null && shape[0] !== 1)) return undefined;
  const layout = isColour(shape[3]) ? 'nhwc' : isColour(shape[1]) ? 'nchw' : undefined;
  if (layout === undefined) return undefined;
  const [height, width, colours] = layout === 'nhwc' ? [shape[1], shape[2], shape[3]] : [shape[2], shape[3], shape[1]];
  return {
    width: width === null ? OPEN_SIZE : undefined,
    height: height === null ? OPEN_SIZE : undefined,
    ...{ fit: 'stretch', filter: 'bilinear', layout, range: 'unsaid', scale: '1/255', offset: '0' },
    channels: colours === 1 ? 'gray' : 'rgb',
  };
}

/** The shape for people; open sizes are `?`. */
export const shapeText = (shape: readonly (number | null)[] | null | undefined): string =>
  shape === undefined ? 'shape unknown' : shape === null ? '[…]' : `[${shape.map((size) => size ?? '?').join(', ')}]`;
