/** Decides which inputs take pictures and how, and the sizes of the golden sample. */
import { shapeText, sizeOf } from '../../base/dtype.js';
import { broken } from '../../formats/file-fields.js';
import { LIMITS } from '../../formats/limits.js';
import type { ImageSpec } from '../../manifest/manifest.js';
import type { Dim } from '../../manifest/signature.js';
import type { GraphInput } from '../model/signature.js';
import { badOption } from '../options.js';

/** The axes of height, width and channels in each layout. */
const AXES = { nhwc: { height: 1, width: 2, channels: 3 }, nchw: { height: 2, width: 3, channels: 1 } } as const;

/**
 * The image spec of an input: from the options, else a default if the shape is a picture's.
 * @returns `image: undefined` for an input that takes arrays only; `warning` if the default is a guess
 * @throws {PannierError} `options`
 */
export function resolveImage(input: GraphInput): { readonly image?: ImageSpec; readonly warning?: string } {
  const { name, node, dtype, options } = input;
  if (options.image === false) return {};
  const given = options.image;
  const shape = mergedShape(input);
  const place = `inputs["${node}"].image`;
  const layout = given?.layout ?? layoutOf(shape);
  const axes = AXES[layout];
  const [batch, channelCount] = [shape?.[0], shape?.[axes.channels]];
  // Without a declared rank, four sizes in the options do not show that the values are a picture.
  if (given === undefined && input.shape === null) return {};
  const isPicture =
    dtype !== 'bool' && shape?.length === 4 && (batch === null || batch === 1) && (channelCount === 3 || channelCount === 1);
  if (!isPicture) {
    if (given === undefined) return {};
    throw badOption(
      `Option ${place} cannot be: input "${name}" is ${dtype} ${shapeText(input.shape)}, no batch of one picture with 1 or 3 channels.`,
    );
  }
  const width = resolveSize(shape[axes.width], given?.width, `${place}.width`);
  const height = resolveSize(shape[axes.height], given?.height, `${place}.height`);
  if (width === null || height === null) {
    if (given === undefined) return {};
    throw badOption(`Option ${place} needs width and height, since input "${name}" is ${shapeText(input.shape)}.`);
  }
  const channels = given?.channels ?? (channelCount === 1 ? 'gray' : 'rgb');
  if ((channels === 'gray') !== (channelCount === 1))
    throw badOption(`Option ${place}.channels is ${channels}, but input "${name}" has ${channelCount} channels.`);
  const perChannel = (values: number | readonly number[], key: string): readonly number[] => {
    const list = typeof values === 'number' ? Array<number>(channelCount).fill(values) : values;
    if (list.length !== channelCount)
      throw badOption(`Option ${place}.${key} has ${list.length} numbers, but input "${name}" has ${channelCount} channels.`);
    return list;
  };
  const image: ImageSpec = {
    width,
    height,
    fit: given?.fit ?? 'stretch',
    filter: given?.filter ?? 'bilinear',
    channels,
    layout,
    ...(given?.background && { background: given.background }),
    ...asNumbers(input, {
      scale: perChannel(given?.scale ?? (dtype === 'float32' || input.quantization ? 1 / 255 : 1), 'scale'),
      offset: perChannel(given?.offset ?? 0, 'offset'),
    }),
  };
  if (dtype !== 'float32' || given?.scale !== undefined) return { image };
  return {
    image,
    warning: `Input "${name}" is taken for a picture with values from 0 to 1, which is a guess. Say what training used: --scale '${node}=1/255' --offset '${node}=0', or inputs: { '${node}': { image: { scale: 1 / 255, offset: 0 } } } in pannier.config.mjs.`,
  };
}

/** The scale and the offset by which a pixel's value becomes a number of the input. */
type PerChannel = Pick<ImageSpec, 'scale' | 'offset'>;

/**
 * Scale and offset of an input whose whole numbers stand for floats, from those of the floats. Where the options say none, all 256 values
 * of a pixel become the 256 numbers of 8 bits: a network is quantised over the range of its pictures.
 */
function asNumbers({ dtype, quantization, options: { image } }: GraphInput, floats: PerChannel): PerChannel {
  if (quantization === undefined) return floats;
  const isGiven = image !== undefined && image !== false && (image.scale !== undefined || image.offset !== undefined);
  if (!isGiven && (dtype === 'int8' || dtype === 'uint8'))
    return { scale: floats.scale.map(() => 1), offset: floats.offset.map(() => (dtype === 'int8' ? -128 : 0)) };
  const { scale, zeroPoint } = quantization;
  return { scale: floats.scale.map((each) => each / scale), offset: floats.offset.map((each) => each / scale + zeroPoint) };
}

/** The layout in which a shape is that of a picture. Where it could be both, as [1, 3, 224, 3], channels come last. */
function layoutOf(shape: readonly Dim[] | null): ImageSpec['layout'] {
  const isChannels = (dim: Dim | undefined) => dim === 1 || dim === 3;
  return isChannels(shape?.[AXES.nchw.channels]) && !isChannels(shape?.[AXES.nhwc.channels]) ? 'nchw' : 'nhwc';
}

/**
 * The sizes of the golden sample, none of them open.
 * @throws {PannierError} `options` if a size is not known
 */
export function goldenShape(input: GraphInput, image: ImageSpec | undefined): readonly number[] {
  const { name, node } = input;
  const shape = mergedShape(input);
  const advice = `say which to use for the golden sample: --shape ${node}=${(shape ?? [1, null]).map((dim, axis) => dim ?? (axis === 0 ? 1 : 256)).join(',')}, or inputs: { '${node}': { shape: […] } }.`;
  if (shape === null) throw badOption(`Input "${name}" has an unknown rank; ${advice}`);
  const sizes = shape.map((dim, axis) => {
    if (dim !== null) return dim;
    if (image !== undefined && axis === AXES[image.layout].height) return image.height;
    if (image !== undefined && axis === AXES[image.layout].width) return image.width;
    return axis === 0 ? 1 : undefined;
  });
  if (sizes.includes(undefined)) throw badOption(`Input "${name}" has open sizes, ${shapeText(input.shape)}; ${advice}`);
  const elements = sizeOf(sizes as number[]);
  if (elements > LIMITS.feedElements) {
    const message = `Input "${name}" would take ${elements} values, ${shapeText(sizes as number[])}; the limit is ${LIMITS.feedElements}.`;
    throw input.options.shape === undefined && input.options.image === undefined ? broken(message) : badOption(message);
  }
  return sizes as number[];
}

/** The graph's shape, with the sizes that the option `shape` fixes. */
function mergedShape({ name, node, shape, options }: GraphInput): readonly Dim[] | null {
  const fixed = options.shape;
  if (fixed === undefined) return shape;
  const fits = shape === null || (shape.length === fixed.length && shape.every((dim, axis) => dim === null || dim === fixed[axis]));
  if (!fits) throw badOption(`Option inputs["${node}"].shape is [${fixed.join(', ')}], but input "${name}" is ${shapeText(shape)}.`);
  return fixed;
}

function resolveSize(dim: Dim | undefined, given: number | undefined, place: string): number | null {
  if (dim === null || dim === undefined) return given ?? null;
  if (given !== undefined && given !== dim) throw badOption(`Option ${place} is ${given}, but the graph takes ${dim}.`);
  return dim;
}
