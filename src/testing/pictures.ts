/**
 * Pictures where nothing decodes them: jsdom has no `createImageBitmap`, and its images have no size. A fake
 * model needs no pixels, so that each picture becomes a frame of its size, which is all that a mapping asks for.
 */
import type { Manifest } from '../manifest/manifest.js';

/** The same inputs, with pictures that need no decoding in place of those that do. */
export function withoutPixels<I>({ inputs: specs }: Manifest['signature'], inputs: I): I {
  // What is no object is the real check's to refuse.
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

/** What the real check takes hold of by `clone()` and lets go of by `close()`: a `VideoFrame` as far as it looks. */
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
  // Numbers, pixels and what is no picture are checked as in production.
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given) || 'data' in given) return given;
  if ('source' in given) return { ...given, source: frameOf(given.source, image) };
  const size = sizeOf(given);
  if (size === undefined) return given;
  // An image that never loads, as all of jsdom's, and a file of unknown size are as large as the model's.
  return new Frame(size.width > 0 && size.height > 0 ? size : image);
}

/** Where elements of several kinds tell their picture's size; a `Blob` only tells that it is one. */
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
