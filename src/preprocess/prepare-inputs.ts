/** Prepares the inputs of one call: checks names and values, and makes the engine's feeds. */

import { DTYPES, shapeText, sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import { meant } from '../base/nearest.js';
import type { InputSpec, Manifest } from '../manifest/manifest.js';
import type { Shaped } from '../manifest/signature.js';
import { rowsFeed, rowText } from './columns.js';
import type { Feed, TensorFeed } from './feed.js';
import { imageFeed } from './image.js';
import { IDENTITY, type ImageMapping, imageMapping } from './mapping.js';
import { type PaddedLength, padTogether } from './pad.js';
import { closePictures } from './pictures.js';
import { checkShapes } from './shapes.js';
import { holdsArray, isTensorInput, tensorFeed } from './tensor.js';

/** The engine's feeds, and the mapping of each image input's tensor onto its picture. */
export interface PreparedInputs {
  readonly feeds: readonly Feed[];
  readonly images: Readonly<Record<string, ImageMapping>>;
  /** The length of padded inputs, to which outputs are cut back. */
  readonly length: PaddedLength | undefined;
}

/**
 * Prepares every input. The result comes at once if all inputs are numbers, else as soon as the pictures are captured.
 * @throws {PannierError} `input`, before any work is done
 */
export function prepareInputs(
  signature: Manifest['signature'],
  given: Readonly<Record<string, unknown>>,
): PreparedInputs | Promise<PreparedInputs> {
  const names = Object.keys(signature.inputs);
  if (typeof given !== 'object' || given === null)
    throw new PannierError('input', `predict takes { ${names.join(', ')} }, but got ${String(given)}.`);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const message = `The model has no input "${name}". Its inputs are ${list(signature.inputs)}.${meant(name, names)}`;
    throw new PannierError('input', message, { input: name, inputs: names });
  }
  const entries = Object.entries(signature.inputs).map(([name, spec]) => {
    const value = given[name] === undefined ? initialState(spec) : given[name];
    if (value === undefined)
      throw new PannierError('input', `Input "${name}" is missing. The model takes ${list(signature.inputs)}.`, {
        input: name,
        inputs: names,
      });
    return { name, spec, value };
  });
  // Numbers are checked first, so that no picture has been captured yet if one of them is refused.
  const { feeds, length } = padTogether(entries.map(({ name, spec, value }) => ({ name, spec, feed: numbersOf(name, spec, value) })));
  const images = ownImages(entries);
  if (feeds.some((feed) => feed === undefined)) return withPictures(signature.inputs, entries, feeds, images, length);
  const numbers = feeds as readonly Feed[];
  checkShapes(signature.inputs, numbers);
  return { feeds: numbers, images, length };
}

/** The state of a model before its first call; undefined for another input. */
function initialState({ dtype, shape, state }: InputSpec): Shaped | undefined {
  if (state === undefined) return undefined;
  const sizes = shape as readonly number[];
  return { data: new DTYPES[dtype](sizeOf(sizes)).fill(state.initial) as Shaped['data'], shape: sizes };
}

/** The feed of an input that is given as numbers or rows; undefined for a picture. */
function numbersOf(name: string, spec: InputSpec, value: unknown): TensorFeed | undefined {
  const { columns, image } = spec;
  if (columns !== undefined && !holdsArray(value)) return rowsFeed(name, { ...spec, columns }, value);
  return image === undefined || isTensorInput(value) ? tensorFeed(name, spec, value) : undefined;
}

/** The identity mapping for each image input, which holds if the input is given as a tensor. */
function ownImages(entries: readonly { readonly name: string; readonly spec: InputSpec }[]): Record<string, ImageMapping> {
  const images: Record<string, ImageMapping> = {};
  for (const { name, spec } of entries) {
    if (spec.image === undefined) continue;
    const { width, height } = spec.image;
    images[name] = imageMapping(IDENTITY, width, height, width, height);
  }
  return images;
}

async function withPictures(
  inputs: Manifest['signature']['inputs'],
  entries: readonly { readonly name: string; readonly spec: InputSpec; readonly value: unknown }[],
  numbers: readonly (Feed | undefined)[],
  images: Record<string, ImageMapping>,
  length: PaddedLength | undefined,
): Promise<PreparedInputs> {
  const taken = await Promise.allSettled(
    entries.map(async ({ name, spec, value }, index): Promise<Feed> => {
      const { image } = spec;
      const number = numbers[index];
      if (number !== undefined || image === undefined) return number as Feed;
      const { feed, mapping } = await imageFeed(name, { ...spec, image }, value);
      images[name] = mapping;
      return feed;
    }),
  );
  const feeds = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const refused = taken.find((each) => each.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    checkShapes(inputs, feeds);
    return { feeds, images, length };
  } catch (thrown) {
    closePictures(feeds);
    throw thrown;
  }
}

const list = (inputs: Readonly<Record<string, InputSpec>>): string =>
  Object.entries(inputs)
    .map(([name, { dtype, shape, columns }]) => `"${name}" (${columns === undefined ? `${dtype} ${shapeText(shape)}` : rowText(columns)})`)
    .join(', ');
