/** The controls of an image input: its source, its preprocessing, and what the model sees of it. */

import { short } from './drawings.js';
import { choice, labelled, make, textBox } from './element.js';
import type { Change, Panel } from './panel.js';
import type { InputState, PictureSettings, Range } from './state.js';

/** The shipped photograph. */
const SAMPLE = '/dist/golden.png';

/** Reads a picture with its EXIF orientation applied. */
export async function takePicture(input: InputState, blob: Blob, caption: string): Promise<void> {
  try {
    const bitmap = await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    });
    input.bitmap?.close();
    input.bitmap = bitmap;
    input.caption = `${caption}, ${bitmap.width} × ${bitmap.height}`;
    input.error = '';
  } catch {
    input.error = `${caption} is no picture that this browser can read.`;
  }
}

export const takeSample = async (input: InputState): Promise<void> =>
  takePicture(input, await (await fetch(SAMPLE)).blob(), 'A sample photograph');

export function pictureControls(input: InputState, picture: PictureSettings, isFixed: boolean, change: Change): Panel {
  const given = make('canvas', { role: 'img' });
  const seen = make('canvas', { role: 'img', className: 'seen' });
  const givenCaption = make('figcaption', {});
  const seenCaption = make('figcaption', {});
  const take = async (blob: Blob, caption: string) => {
    await takePicture(input, blob, caption);
    change(input.error === '' ? 'asked' : 'drawn');
  };
  const file = make('input', { type: 'file', accept: 'image/*', className: 'quiet' });
  file.addEventListener('change', () => {
    const chosen = file.files?.[0];
    if (chosen !== undefined) void take(chosen, chosen.name);
    // Clearing the field lets the same file be chosen again.
    file.value = '';
  });
  const sample = make('button', { type: 'button', className: 'button' }, 'Sample');
  sample.addEventListener('click', () => void takeSample(input).then(() => change('asked')));
  const zone = make(
    'div',
    { className: 'zone' },
    make('div', { className: 'pair' }, make('figure', {}, given, givenCaption), make('figure', {}, seen, seenCaption)),
    make(
      'div',
      { className: 'row' },
      make('label', { className: 'button' }, file, make('span', {}, 'Choose a picture')),
      cameraButton(take),
      sample,
      make('span', { className: 'soft' }, 'or drop or paste one'),
    ),
  );
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    const dropped = event.dataTransfer?.files[0];
    if (dropped !== undefined) void take(dropped, dropped.name);
  });
  const own = ownRange(picture, change);
  const settings = make('fieldset', { className: 'settings', disabled: isFixed }, make('legend', {}, 'How training prepared pictures'));
  settings.append(...preparation(input, picture, change), own.element);
  const element = make('div', { className: 'stack' }, zone, settings);
  return {
    element,
    render() {
      own.render();
      paint(given, input.bitmap);
      givenCaption.textContent = given.ariaLabel = input.caption || 'No picture yet';
      const { pixels, min, max } = input.seen ?? {};
      if (pixels !== undefined) {
        Object.assign(seen, { width: pixels.width, height: pixels.height });
        seen.getContext('2d')?.putImageData(pixels, 0, 0);
      }
      seenCaption.textContent = seen.ariaLabel =
        pixels === undefined || min === undefined || max === undefined
          ? 'What the model sees'
          : `What the model sees: ${pixels.width} × ${pixels.height}, values ${short(min)} to ${short(max)}`;
    },
  };
}

const FITS = { stretch: 'stretched', contain: 'fitted, with bars', cover: 'cut to cover' };
const FILTERS = { bilinear: 'bilinear', area: 'area', nearest: 'nearest', browser: "the browser's own" };
const RANGE_TEXTS: Readonly<Record<Range, string>> = {
  unsaid: 'not said: 0 … 1, a guess',
  zeroToOne: '0 … 1',
  minusOneToOne: '−1 … 1',
  bytes: '0 … 255',
  imagenet: 'ImageNet mean and deviation',
  own: 'scale and offset of my own',
};

function preparation({ face }: InputState, picture: PictureSettings, change: Change): HTMLElement[] {
  const isGray = picture.channels === 'gray';
  const { imagenet, ...gray } = { ...RANGE_TEXTS, ...(face.dtype !== 'float32' && { unsaid: 'not said: 0 … 255, as whole numbers' }) };
  const set = <Key extends keyof PictureSettings>(key: Key, value: PictureSettings[Key]) => {
    picture[key] = value;
    change('asked');
  };
  const size = (key: 'width' | 'height') => {
    const value = picture[key];
    if (value === undefined) return [];
    const box = make('input', { type: 'number', min: '1', step: '1', value: String(value) });
    box.addEventListener('change', () => set(key, Number(box.value)));
    return [labelled(key === 'width' ? 'Width' : 'Height', box)];
  };
  return [
    ...size('width'),
    ...size('height'),
    labelled(
      'Values',
      choice<Range>(isGray ? gray : { ...gray, imagenet, own: gray.own }, picture.range, (value) => set('range', value)),
    ),
    ...(isGray
      ? []
      : [
          labelled(
            'Channels',
            choice({ rgb: 'RGB', bgr: 'BGR' }, picture.channels as 'rgb' | 'bgr', (value) => set('channels', value)),
          ),
        ]),
    labelled(
      'Fit',
      choice(FITS, picture.fit, (value) => set('fit', value)),
    ),
    labelled(
      'Filter',
      choice(FILTERS, picture.filter, (value) => set('filter', value)),
    ),
  ];
}

/** Numbers or fractions, of which there may be one per channel. */
function ownRange(picture: PictureSettings, change: Change): Panel {
  const box = (key: 'scale' | 'offset') =>
    textBox(picture[key], (text, finished) => {
      picture[key] = text;
      change(finished ? 'asked' : 'drawn');
    });
  const element = make(
    'div',
    { className: 'own' },
    labelled('Scale', box('scale'), 'value = pixel × scale + offset; fractions and one per channel are fine: 1/255'),
    labelled('Offset', box('offset')),
  );
  return {
    element,
    render() {
      element.hidden = picture.range !== 'own';
    },
  };
}

/** Longest side of the preview, in pixels; the model gets the whole picture. */
const SHOWN = 480;

function paint(canvas: HTMLCanvasElement, bitmap: ImageBitmap | undefined): void {
  if (bitmap === undefined) return;
  const scale = Math.min(1, SHOWN / Math.max(bitmap.width, bitmap.height));
  Object.assign(canvas, { width: Math.ceil(bitmap.width * scale), height: Math.ceil(bitmap.height * scale) });
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}

/** Takes one picture with the camera and switches it off again. */
function cameraButton(take: (blob: Blob, caption: string) => Promise<void>): HTMLElement | undefined {
  if (navigator.mediaDevices === undefined) return undefined;
  const button = make('button', { type: 'button', className: 'button' }, 'Camera');
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      try {
        await take(await frameOf(stream), 'From the camera');
      } finally {
        for (const track of stream.getTracks()) track.stop();
      }
    } catch (thrown) {
      await take(new Blob(), `The camera (${(thrown as Error).message})`);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

/** Time that a camera needs to find its exposure. */
const SETTLE_MS = 700;

async function frameOf(stream: MediaStream): Promise<Blob> {
  const video = make('video', { muted: true, playsInline: true, srcObject: stream });
  await video.play();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return canvas.convertToBlob();
}
