/** The inputs on which two packed models are compared: the golden samples of the old one, and pictures of the caller's. */
import { shapeText } from '../../../src/base/dtype.js';
import { goldenFeeds } from '../../../src/golden/feeds.js';
import type { GoldenInput, GoldenSample, InputSpec, Manifest } from '../../../src/manifest/manifest.js';
import type { AnyInputs } from '../../../src/manifest/signature.js';
import { readPhotograph } from '../../../src/pack/files/photograph.js';
import { badOption } from '../../../src/pack/options.js';

/**
 * Says why the golden inputs of the old model are none of the new one. A picture fits whatever its size in the model: each model
 * resizes it by its own preprocessing, as it does in the app.
 * @returns undefined if they fit
 */
export function misfit(old: Manifest, now: Manifest): string | undefined {
  const [before, after] = [old.signature.inputs, now.signature.inputs];
  const [gone] = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  if (gone !== undefined) return `the new model has no input "${gone}"`;
  const [added] = Object.keys(after).filter((name) => !Object.hasOwn(before, name));
  if (added !== undefined) return `the old model has no input "${added}"`;
  for (const [name, input] of Object.entries(old.golden.samples[0].inputs)) {
    const reason = inputMisfit(before[name] as InputSpec, after[name] as InputSpec, input);
    if (reason !== undefined) return `input "${name}" ${reason}`;
  }
  return undefined;
}

function inputMisfit(old: InputSpec, now: InputSpec, { kind, shape }: GoldenInput): string | undefined {
  if ((old.image === undefined) !== (now.image === undefined)) return `takes pictures in the ${old.image ? 'old' : 'new'} model only`;
  if (kind === 'picture') return undefined;
  if (old.dtype !== now.dtype) return `is ${now.dtype}, and was ${old.dtype}`;
  if (JSON.stringify(old.columns) !== JSON.stringify(now.columns)) return 'has other columns';
  const fits =
    now.shape === null || (now.shape.length === shape.length && now.shape.every((size, axis) => (size ?? shape[axis]) === shape[axis]));
  return fits ? undefined : `is ${shapeText(now.shape)}, which ${shapeText(shape)} of the old model's golden sample does not fit`;
}

/**
 * Makes the inputs of each call: two golden samples, and for each picture the first golden sample with that picture in it.
 * @param golden bytes of the old model's golden file
 * @param pictures paths of PNG or JPEG files
 * @throws {PannierError} `options` if a picture cannot be read, or if not exactly one input takes one
 */
export async function sampleInputs(
  old: Manifest,
  now: Manifest,
  golden: ArrayBuffer,
  pictures: readonly string[],
): Promise<readonly AnyInputs[]> {
  const samples = old.golden.samples.map((sample, index) =>
    inputsOf(old, withinBoth(sample, now.golden.samples[index] as GoldenSample), golden),
  );
  const takers = Object.entries(old.signature.inputs).flatMap(([name, { image }]) => (image === undefined ? [] : [name]));
  const [taker, ...others] = takers;
  if (pictures.length > 0 && (taker === undefined || others.length > 0))
    throw badOption(
      `--image is for the only input that takes a picture, but ${takers.length === 0 ? 'there is none' : `${takers.join(', ')} do`}.`,
    );
  const given: AnyInputs[] = [];
  for (const file of pictures) given.push({ ...samples[0], [taker as string]: await readPhotograph(file, file) });
  return [...samples, ...given];
}

/** Values within the ranges of both models: an index into a longer table is none into a shorter one. */
function withinBoth(old: GoldenSample, now: GoldenSample): Pick<GoldenSample, 'inputs'> {
  const inputs = Object.entries(old.inputs).map(([name, input]): [string, GoldenInput] => {
    const other = now.inputs[name];
    if (input.kind !== 'uniform' || other?.kind !== 'uniform') return [name, input];
    return [name, { ...input, low: Math.max(input.low, other.low), high: Math.min(input.high, other.high) }];
  });
  return { inputs: Object.fromEntries(inputs) };
}

/** A golden sample as an app gives it: pictures as they are, before the model's preprocessing. */
function inputsOf({ signature }: Manifest, sample: Pick<GoldenSample, 'inputs'>, golden: ArrayBuffer): AnyInputs {
  const feeds = goldenFeeds(signature.inputs, sample, golden);
  const inputs = feeds.map((feed) => [feed.name, feed.kind === 'picture' ? feed.picture : { data: feed.data, shape: feed.shape }]);
  return Object.fromEntries(inputs) as AnyInputs;
}
