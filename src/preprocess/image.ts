/**
 * An input given as a picture. The picture is captured at once, so that later changes to the source have no
 * effect, and in a form that can cross to a worker. Sources are told apart by their members, because run-time
 * code compiles without the DOM library and each frame has classes of its own.
 */

import { typeName } from '../base/describe.js';
import { shapeText } from '../base/dtype.js';
import { messageOf, PannierError } from '../base/errors.js';
import type { ImageSpec, InputSpec } from '../manifest/manifest.js';
import type { Crop, Dim, ImageCrop, Pixels } from '../manifest/signature.js';
import type { Picture, PictureDType, PictureFeed } from './feed.js';
import { type ImageMapping, imageMapping, mapToSource } from './mapping.js';
import { giveTyped, wrong } from './tensor.js';

/** A captured picture for the engine, and the mapping between its pixels and the tensor's. */
export interface SettledImage {
  readonly feed: PictureFeed;
  readonly mapping: ImageMapping;
}

/**
 * Makes a feed from a picture or `{ source, crop, size }`.
 * @throws {PannierError} `input` if it is no picture, is not ready, or cannot be read
 */
export async function imageFeed(name: string, spec: InputSpec & { readonly image: ImageSpec }, given: unknown): Promise<SettledImage> {
  const { source, crop: said, size } = isCrop(given) ? given : { source: given };
  // The crop is copied like the pixels, since capturing the picture may take a while.
  const crop = said === undefined ? undefined : { ...said };
  if (crop !== undefined) checkCrop(name, crop);
  const image = size === undefined ? spec.image : sized(name, spec, size);
  const picture = await capture(name, spec, source);
  const width = 'displayWidth' in picture ? picture.displayWidth : picture.width;
  const height = 'displayHeight' in picture ? picture.displayHeight : picture.height;
  const map = mapToSource(image, { width, height }, crop);
  const [channels, batch] = [image.channels === 'gray' ? 1 : 3, 1];
  const shape = image.layout === 'nhwc' ? [batch, image.height, image.width, channels] : [batch, channels, image.height, image.width];
  return {
    feed: { kind: 'picture', name, dtype: spec.dtype as PictureDType, shape, picture, image, map },
    mapping: imageMapping(map, image.width, image.height, width, height),
  };
}

const isCrop = (given: unknown): given is { source: unknown } & Pick<ImageCrop, 'crop' | 'size'> =>
  typeof given === 'object' && given !== null && 'source' in given && ('crop' in given || 'size' in given);

/** The image spec at the size that the caller asks for, in pixels of the tensor; it has to fit the input's shape. */
function sized(name: string, { shape, image }: InputSpec & { readonly image: ImageSpec }, size: ImageCrop['size']): ImageSpec {
  const { width = Number.NaN, height = Number.NaN } = size ?? {};
  const [rows, columns] = (shape ?? []).slice(image.layout === 'nhwc' ? 1 : 2);
  const fits = (wanted: number, dim: Dim | undefined) => Number.isSafeInteger(wanted) && wanted > 0 && (dim ?? wanted) === wanted;
  if (fits(height, rows) && fits(width, columns)) return { ...image, width, height };
  throw wrong(name, `needs a size that fits ${shapeText(shape)}`, `has ${JSON.stringify({ width, height })}`);
}

function checkCrop(name: string, { x, y, width, height, rotation = 0 }: Crop): void {
  if ([x, y, width, height, rotation].every(Number.isFinite) && width > 0 && height > 0) return;
  throw wrong(
    name,
    'needs a crop of finite x, y, and a width and height above 0',
    `has ${JSON.stringify({ x, y, width, height, rotation })}`,
  );
}

async function capture(name: string, spec: InputSpec, source: unknown): Promise<Picture> {
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw wrong(name, 'should be a picture', `is ${typeName(source)}`, {}, nextOf(spec, source));
  if ('data' in source) return copyPixels(name, source as Partial<Pixels>);
  try {
    if ('displayWidth' in source) return (source as VideoFrame).clone();
    if (typeof createImageBitmap === 'undefined')
      throw wrong(name, 'can only be { data, width, height } here, where nothing decodes pictures', `is ${typeName(source)}`);
    if ('videoWidth' in source && ((source as { readyState?: number }).readyState ?? 0) < HAVE_CURRENT_DATA) {
      throw wrong(name, 'needs a video with a frame', 'it has none yet', {}, "Wait for its 'loadeddata' event.");
    }
    if ('decode' in source) await (source as { decode(): Promise<void> }).decode();
    return await createImageBitmap(source as ImageBitmapSource, {
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
      // Cameras store pictures sideways and note it in EXIF; the model gets the upright picture that people see.
      imageOrientation: 'from-image',
    });
  } catch (thrown) {
    if (thrown instanceof PannierError) throw thrown;
    throw wrong(name, 'should be a picture that is ready and can be decoded', `${sourceName(source)} is not (${messageOf(thrown)})`);
  }
}

/** The next step for a caller whose value is nearly a picture. */
function nextOf(spec: InputSpec, source: unknown): string {
  if (typeof source === 'string') return 'An address is not loaded: give an <img>, or await (await fetch(url)).blob().';
  return Array.isArray(source) ? giveTyped(spec) : '';
}

/** Refuses a Blob of HTML, which a server sends in place of a missing picture. */
function sourceName(source: object): string {
  const isFile = 'type' in source && 'size' in source;
  return isFile ? `${typeName(source)} of ${source.type || 'no type'}` : typeName(source);
}

const HAVE_CURRENT_DATA = 2;

/** Compares names, because arrays of another realm are not `instanceof` ours. */
const BYTES: readonly string[] = ['Uint8Array', 'Uint8ClampedArray'];

function copyPixels(name: string, { data, width, height }: Partial<Pixels>): Pixels {
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) > 0;
  if (
    data === undefined ||
    !BYTES.includes(typeName(data)) ||
    !isSize(width) ||
    !isSize(height) ||
    data.length !== (width as number) * (height as number) * 4
  ) {
    throw wrong(
      name,
      'should be { data, width, height } with width × height × 4 bytes of RGBA',
      `is ${typeName(data)} of ${data?.length} for ${width} × ${height}`,
    );
  }
  return { data: new Uint8ClampedArray(data), width: width as number, height: height as number };
}
