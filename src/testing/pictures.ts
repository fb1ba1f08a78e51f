/**
 * Pictures without a decoder: jsdom has no `createImageBitmap`, and its images have no size. A fake model
 * needs no pixels, so each picture becomes a frame of its size, which is all that a mapping needs.
 */
import type { Manifest } from '../manifest/manifest.js';

/** The inputs with each picture replaced by one that needs no decoding. */
export function withoutPixels<I>({ inputs: specs }: Manifest['signature'], inputs: I): I {
  // The real check refuses anything but an object.
  if (typeof inputs !== 'object' || inputs === null) return inputs;
  const entries = Object.entries(inputs).map(([name, given]) => {
    const image = Object.hasOwn(specs, name) ? specs[name]?.image : undefined;
    return [name, image === undefined ? given : frameOf(given, image)];
  });
  return Object.fromEntries(entries) as I;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A `VideoFrame`, as far as the real check uses one: it captures by `clone()` and releases by `close()`. */
class Frame {
  readonly displayWidth: number;
  readonly displayHeight: number;

  constructor({ width, height }: Size) {
    this.displayWidth = width;
    this.displayHeight = height;
  }

  clone(): Frame {
    return this;
  }

  close(): void {}
}

function frameOf(given: unknown, image: Size): unknown {
  // Numbers, raw pixels and anything that is no picture are checked as in production.
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given) || 'data' in given) return given;
  if ('source' in given) return { ...given, source: frameOf(given.source, image) };
  const size = sizeOf(given);
  if (size === undefined) return given;
  // An image that never loads, as in jsdom, and a file of unknown size count as large as the model's input.
  return new Frame(size.width > 0 && size.height > 0 ? size : image);
}

/** The members in which each kind of element keeps its picture's size; a `Blob` has none. */
function sizeOf(picture: object): Size | undefined {
  for (const [width, height] of [
    ['naturalWidth', 'naturalHeight'],
    ['videoWidth', 'videoHeight'],
    ['displayWidth', 'displayHeight'],
    ['width', 'height'],
  ] as const) {
    const { [width]: across, [height]: down } = picture as Readonly<Record<string, unknown>>;
    if (typeof across === 'number' && typeof down === 'number') return { width: across, height: down };
  }
  return 'size' in picture && 'type' in picture && 'slice' in picture ? { width: 0, height: 0 } : undefined;
}
