/** All inputs of one call: by name, nothing missing, nothing unknown. */
import type { Feed } from '../engine/engine.js';
import { PannierError } from '../errors.js';
import type { InputSpec, Manifest } from '../manifest.js';
import { imageFeed } from './image.js';
import type { ImageMapping } from './mapping.js';
import { isTensorInput, shapeText, tensorFeed } from './tensor.js';

/** What the engine is fed, and how each picture lies under its tensor. */
export interface SettledInputs {
  readonly feeds: readonly Feed[];
  readonly images: Readonly<Record<string, ImageMapping>>;
}

/**
 * Settles every input; at once where all are numbers, else when the pictures are in hand.
 * @throws {PannierError} `input`, before anything is spent.
 */
export function settleInputs(
  signature: Manifest['signature'],
  given: Readonly<Record<string, unknown>>,
): SettledInputs | Promise<SettledInputs> {
  const names = Object.keys(signature.inputs);
  if (typeof given !== 'object' || given === null)
    throw new PannierError('input', `predict takes { ${names.join(', ')} }, but got ${String(given)}.`);
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      throw new PannierError('input', `The model has no input "${name}". Its inputs are ${list(signature.inputs)}.`, {
        input: name,
        inputs: names,
      });
  }
  const pending = Object.entries(signature.inputs).map(([name, spec]) => {
    const value = given[name];
    if (value === undefined)
      throw new PannierError('input', `Input "${name}" is missing. The model takes ${list(signature.inputs)}.`, {
        input: name,
        inputs: names,
      });
    const { image } = spec;
    if (image === undefined || isTensorInput(value)) return { feed: tensorFeed(name, spec, value) };
    return imageFeed(name, { ...spec, image }, value).then((settled) => ({ ...settled, name }));
  });
  if (pending.some((each) => each instanceof Promise)) return Promise.all(pending).then(gather);
  return gather(pending as { feed: Feed }[]);
}

function gather(settled: readonly { readonly feed: Feed; readonly mapping?: ImageMapping; readonly name?: string }[]): SettledInputs {
  const images: Record<string, ImageMapping> = {};
  for (const { name, mapping } of settled) if (name !== undefined && mapping !== undefined) images[name] = mapping;
  return { feeds: settled.map(({ feed }) => feed), images };
}

const list = (inputs: Readonly<Record<string, InputSpec>>): string =>
  Object.entries(inputs)
    .map(([name, { dtype, shape }]) => `"${name}" (${dtype} ${shapeText(shape)})`)
    .join(', ');
