/** What `readManifest` leaves to the time when the code that needs it is there: how inputs are made, what the golden sample holds. */
import type { InputSpec, Manifest } from './manifest.js';
import { choice, each, isNumber, isWhole, need, object, texts } from './manifest-fields.js';

/**
 * Checks the rest of a manifest, down to every field that anything here computes with.
 * @param manifest as `readManifest` gave it
 * @throws {PannierError} `manifest`, naming the field.
 */
export function checkDetails({ signature, golden }: Manifest): void {
  each(signature.inputs, 'signature.inputs', input);
  each(signature.outputs, 'signature.outputs', output);
  const { bytes } = golden.asset;
  each(golden.inputs, 'golden.inputs', (value, field, name) => goldenInput(value, field, own(signature.inputs, name), bytes));
  each(golden.outputs, 'golden.outputs', (value, field, name) => goldenOutput(value, field, own(signature.outputs, name), bytes));
}

const own = <T>(specs: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(specs, name) ? specs[name] : undefined);

function input(value: unknown, field: string): void {
  const { image } = object(value, field);
  if (image !== undefined) checkImage(image, `${field}.image`);
}

function checkImage(value: unknown, field: string): void {
  const { width, height, fit, filter, channels, layout, scale, offset } = object(value, field);
  for (const [key, size] of Object.entries({ width, height })) need(isWhole(size, 1), `${field}.${key}`, 'a size in pixels', size);
  choice(fit, `${field}.fit`, 'stretch', 'contain', 'cover');
  choice(filter, `${field}.filter`, 'bilinear', 'area', 'nearest', 'browser');
  choice(channels, `${field}.channels`, 'rgb', 'bgr', 'gray');
  choice(layout, `${field}.layout`, 'nhwc', 'nchw');
  const count = channels === 'gray' ? 1 : 3;
  for (const [key, values] of Object.entries({ scale, offset })) {
    const isRight = Array.isArray(values) && values.length === count && values.every((item) => isNumber(item));
    need(isRight, `${field}.${key}`, `${count} finite numbers, one per channel`, values);
  }
}

function output(value: unknown, field: string): void {
  const { labels, values } = object(value, field);
  if (labels !== undefined) texts(labels, `${field}.labels`);
  if (values !== undefined) choice(values, `${field}.values`, 'logits', 'probabilities');
}

function goldenInput(value: unknown, field: string, taken: InputSpec | undefined, bytes: number): void {
  const { kind, shape, offset, width, height, seed, low, high } = object(value, field);
  need(taken !== undefined, field, 'of an input in the signature', value);
  sizes(shape, `${field}.shape`);
  choice(kind, `${field}.kind`, ...(taken?.image === undefined ? [] : ['picture']), 'uniform');
  const isRight =
    kind === 'picture'
      ? isWhole(width, 1) && isWhole(height, 1) && isWithin(offset, width * height * 3, bytes)
      : [seed, low, high].every((number) => isNumber(number));
  need(isRight, field, kind === 'picture' ? `a picture within the ${bytes} bytes of its asset` : 'a seed, low and high', value);
}

function goldenOutput(value: unknown, field: string, given: object | undefined, bytes: number): void {
  const { shape, offset, count, min, max } = object(value, field);
  need(given !== undefined, field, 'of an output in the signature', value);
  sizes(shape, `${field}.shape`);
  const isRight = isWhole(count, 1) && isWithin(offset, count * 4, bytes) && offset % 4 === 0;
  need(isRight, field, `float32 values within the ${bytes} bytes of its asset`, value);
  for (const [key, number] of Object.entries({ min, max })) need(isNumber(number), `${field}.${key}`, 'a finite number', number);
}

const isWithin = (offset: unknown, length: number, bytes: number): offset is number => isWhole(offset) && offset + length <= bytes;

function sizes(value: unknown, field: string): void {
  need(Array.isArray(value) && value.every((size) => isWhole(size)), field, 'sizes', value);
}
