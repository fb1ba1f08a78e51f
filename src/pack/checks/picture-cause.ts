/** Other preprocessings of a picture that training may have used, tried when a golden check fails. */
import type { ImageSpec } from '../../manifest/manifest.js';
import type { GivenPicture } from '../samples/given.js';
import type { Attempt, Cause } from './attempt.js';

/** One other way to prepare a picture, as the options spell it. */
interface Alternative {
  /** Two of one kind exclude each other. */
  readonly kind: 'channels' | 'values' | 'fit' | 'filter';
  /** Numbers per channel follow the order of channels that the spec has by then. */
  of(image: ImageSpec): { readonly told: string; readonly change: Partial<ImageSpec> };
}

/** The means and deviations of torchvision and most of its models, for pixels from 0 to 1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** The means that models from Caffe subtract from pixels of 0 to 255. */
const CAFFE_MEAN = [123.68, 116.779, 103.939];

/** Kinds that may be wrong together; each round tries all that are left on top of the best so far. */
const ROUNDS = 3;

/**
 * Looks for a preprocessing under which a failed check would agree: every usual alternative alone, then
 * together with the one that came nearest.
 * @param attempt runs the check with each picture's preprocessing changed
 * @param nodes by input: the node, which is how a message names the input's options
 */
export async function findPictureCause(
  attempt: (change: (image: ImageSpec) => ImageSpec) => Promise<Attempt>,
  { name, spec: { image, dtype } }: GivenPicture,
  nodes: Readonly<Record<string, string>>,
  firstDistance: number,
): Promise<Cause> {
  const all = alternatives(image, dtype === 'int32');
  let best: { readonly taken: readonly Alternative[]; readonly distance: number; readonly agrees: boolean } = {
    ...{ taken: [], distance: firstDistance, agrees: false },
  };
  for (let round = 0; round < ROUNDS && !best.agrees; round++) {
    const before = best;
    for (const alternative of all) {
      if (before.taken.some(({ kind }) => kind === alternative.kind)) continue;
      const taken = [...before.taken, alternative].sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
      const { agrees, distance } = await attempt((declared) => applied(taken, declared).image);
      const isBetter = agrees === best.agrees ? distance < best.distance : agrees;
      if (isBetter) best = { taken, distance, agrees };
    }
    if (best === before) break;
  }
  const { told } = applied(best.taken, image);
  if (best.agrees)
    return {
      agrees: true,
      told: `With ${told} it agrees: if training did that, say inputs: { '${nodes[name]}': { image: { ${told} } } }.`,
    };
  const nearest = told === '' ? '' : ` (the nearest is ${told})`;
  return {
    agrees: false,
    told: `No usual other scale, offset, order of channels, fit or filter agrees${nearest}: are both files of one run of this very model?`,
  };
}

/** Channels first: numbers per channel follow them. */
const KINDS: readonly Alternative['kind'][] = ['channels', 'values', 'fit', 'filter'];

function applied(taken: readonly Alternative[], declared: ImageSpec): { readonly image: ImageSpec; readonly told: string } {
  let image = declared;
  const tellings: string[] = [];
  for (const alternative of taken) {
    const { told, change } = alternative.of(image);
    image = { ...image, ...change };
    tellings.push(told);
  }
  return { image, told: tellings.join(', ') };
}

function alternatives(declared: ImageSpec, isWhole: boolean): Alternative[] {
  const isGray = declared.channels === 'gray';
  const count = isGray ? 1 : 3;
  const same = (scale: number, offset: number, told: string): Alternative => ({
    kind: 'values',
    of: () => ({ told, change: { scale: Array<number>(count).fill(scale), offset: Array<number>(count).fill(offset) } }),
  });
  const perChannel = (rgbScale: readonly number[], rgbOffset: readonly number[]): Alternative => ({
    kind: 'values',
    of({ channels }) {
      const [scale, offset] = channels === 'bgr' ? [rgbScale.toReversed(), rgbOffset.toReversed()] : [rgbScale, rgbOffset];
      const list = (values: readonly number[]) => `[${values.map((value) => Number(value.toPrecision(6))).join(', ')}]`;
      return { told: `scale: ${list(scale)}, offset: ${list(offset)}`, change: { scale, offset } };
    },
  });
  const others = <K extends 'channels' | 'fit' | 'filter'>(kind: K, ...choices: ImageSpec[K][]): Alternative[] =>
    choices
      .filter((choice) => choice !== declared[kind])
      .map((choice) => ({ kind, of: () => ({ told: `${kind}: '${choice}'`, change: { [kind]: choice } }) }));
  const { mean, std } = IMAGENET;
  const values = [
    same(1 / 255, 0, 'scale: 1 / 255, offset: 0'),
    same(1 / 127.5, -1, 'scale: 1 / 127.5, offset: -1'),
    same(1, 0, 'scale: 1, offset: 0'),
  ];
  const ofImageNet = perChannel(
    std.map((each) => 1 / (255 * each)),
    mean.map((each, channel) => -each / (std[channel] as number)),
  );
  const ofCaffe = perChannel(
    [1, 1, 1],
    CAFFE_MEAN.map((each) => -each),
  );
  return [
    ...(isGray ? [] : others('channels', 'rgb', 'bgr')),
    // Whole numbers are pixel values.
    ...(isWhole ? [] : isGray ? values : [...values, ofImageNet, ofCaffe]),
    ...others('fit', 'stretch', 'contain', 'cover'),
    ...others('filter', 'bilinear', 'area', 'nearest'),
  ];
}
