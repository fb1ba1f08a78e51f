/** The state of the page in one plain object, from which every panel is drawn. */
import { shapeText } from '../../src/base/dtype.js';
import type { ImageSpec, Model, Prediction, Stats, ValueKind } from '../../src/index.js';
import type { ColumnSpec } from '../../src/manifest/manifest.js';
import { type DrawingKind, type DrawingSettings, UNGUESSED } from './guess.js';
import type { PackedModel } from './packed-model.js';
import type { SeenPicture } from './seen.js';
import type { About, InputFace, OutputFace } from './wire.js';

/** Preprocessings of pixels that training may have used. `unsaid` leaves the choice to the packer, which warns that it guesses. */
export type Range = 'unsaid' | 'zeroToOne' | 'minusOneToOne' | 'bytes' | 'imagenet' | 'own';

/** The picture's preprocessing, as the controls show it. */
export interface PictureSettings {
  /** Undefined if the graph fixes the size. */
  width: number | undefined;
  height: number | undefined;
  fit: ImageSpec['fit'];
  filter: ImageSpec['filter'];
  channels: ImageSpec['channels'];
  layout: ImageSpec['layout'];
  range: Range;
  /** For `own`: numbers or fractions, one for all or one per channel. */
  scale: string;
  offset: string;
}

export interface InputState {
  readonly face: InputFace;
  name: string;
  /** Undefined if no picture fits the shape. */
  readonly picture: PictureSettings | undefined;
  /** The picture that the model gets. */
  bitmap: ImageBitmap | undefined;
  caption: string;
  seen: SeenPicture | undefined;
  /** Numbers as typed. */
  rows: string;
  /** The columns of its rows, as in the config; undefined if it cannot have any. */
  columns: string | undefined;
  /** The columns of the running model, with every default. */
  rowsOf: readonly ColumnSpec[] | undefined;
  /** Sizes of the golden sample for open sizes of the graph, as typed; undefined if none are needed. */
  sizes: string | undefined;
  /** A sentence about values that do not fit. */
  error: string;
  /** The packer's message on it. */
  warnings: readonly string[];
}

export interface OutputState extends DrawingSettings {
  readonly face: OutputFace;
  name: string;
  kind: DrawingKind;
  /** Chosen by a person or by the first guess; later guesses do not change it. */
  isChosen: boolean;
  /** One label per line. */
  labels: string;
  values: ValueKind;
  error: string;
}

/** The running packed model. */
export interface Packed extends PackedModel {
  readonly warnings: readonly string[];
  /** Undefined for a folder that was packed earlier. */
  readonly bytes: number | undefined;
}

/** The result of the load; `loadTiming` is missing if no backend could run the model. */
export interface Loaded extends Pick<Model, 'selection' | 'notes'> {
  readonly loadTiming: Model['loadTiming'] | undefined;
}

export interface State {
  readonly about: About;
  /** The name of the model and of the packed folder. */
  name: string;
  readonly inputs: readonly InputState[];
  readonly outputs: readonly OutputState[];
  /** `auto` stands for the command line's choice. */
  backend: 'auto' | 'webgpu' | 'wasm' | 'cpu';
  packed: Packed | undefined;
  loaded: Loaded | undefined;
  prediction: Prediction | undefined;
  stats: Stats | undefined;
  /** The current step, in a few words. */
  status: string;
  /** Messages that belong to no input or output. */
  error: string;
  /** Whether the packer has refused the page's current choices. */
  isRefused: boolean;
}

/** The first thing that is wrong, or nothing. */
export const problemOf = ({ error, inputs, outputs }: State): string =>
  [...inputs, ...outputs, { error }].find((each) => each.error !== '')?.error ?? '';

/** Makes the first state; a file and a packed folder differ only in where their signature comes from. */
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

/** The size of a picture if the graph leaves it open. */
const OPEN_SIZE = 256;

const isColour = (size: unknown): size is 1 | 3 => size === 1 || size === 3;

/** Recognises, like the packer, a batch of one picture with 1 or 3 channels in either layout. */
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

/** A shape as a label shows it; undefined if the packer has not said it yet. */
export const shapeLabel = (shape: readonly (number | null)[] | null | undefined): string =>
  shape === undefined ? 'shape unknown' : shapeText(shape);
