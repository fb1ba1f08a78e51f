/** Runs a graph at several lengths, to find the outputs that follow its padded inputs and to see whether the padding shows in them. */

import { PannierError } from '../../base/errors.js';
import { rangeOf, SHARE_ALLOWED, spreadOf, TOLERANCE } from '../../golden/compare.js';
import { goldenFeeds } from '../../golden/feeds.js';
import type { GoldenInput } from '../../manifest/manifest.js';
import type { Feed, TensorFeed } from '../../preprocess/feed.js';
import { padTogether, unpad } from '../../preprocess/pad.js';
import { type ResolvedInput, sampledLength } from '../inputs/inputs.js';
import { badOption } from '../options.js';
import type { Answers } from './golden.js';
import type { GoldenPlan } from './plan.js';
import type { Runner } from './run.js';

/** The result of running the graph at several lengths. */
export interface Padding {
  /** By output: axes that are as long as the padded inputs. */
  readonly lengthAxes: Readonly<Record<string, readonly number[]>>;
  readonly warnings: readonly string[];
}

/**
 * Runs the graph at a second bucket, and at a length that is in no bucket, padded and not.
 * @param answers the outputs for the first golden sample
 * @throws {PannierError} `options` if the graph runs at one length only, so that no output can be seen to follow it
 */
export async function observePadding(
  runner: Runner,
  inputs: readonly ResolvedInput[],
  plan: GoldenPlan,
  answers: Answers,
): Promise<Padding> {
  const padded = inputs.find(({ spec }) => spec.pad !== undefined);
  if (padded?.spec.pad === undefined) return { lengthAxes: {}, warnings: [] };
  const { to } = padded.spec.pad;
  const seen = [{ length: sampledLength(padded), answers }];
  const other = to.find((size) => size !== sampledLength(padded));
  if (other !== undefined) seen.push({ length: other, answers: await runner.run(feedsOf(inputs, plan, other)) });

  const bucket = to.find((size) => size > 1) as number;
  const given = bucket - Math.max(1, Math.floor(bucket / 4));
  const bare = feedsOf(inputs, plan, given);
  const unpadded = await runner.run(bare).catch((thrown: unknown) => {
    // A graph that halves and doubles a length runs at some lengths only, which is a reason to pad it.
    if (thrown instanceof PannierError) return undefined;
    throw thrown;
  });
  if (unpadded !== undefined) seen.push({ length: given, answers: unpadded });
  else if (other === undefined)
    throw badOption(
      `Padding to ${bucket} alone cannot be checked: the graph does not run at length ${given}. Say a second length in pad.to.`,
    );

  const { lengthAxes, warnings } = followers(seen);
  if (unpadded === undefined) {
    warnings.push(`Whether the padding shows could not be seen: the graph does not run at length ${given}, unpadded.`);
    return { lengthAxes, warnings };
  }
  const { feeds, length = { given, bucket } } = padTogether(
    inputs.map(({ name, spec }, index) => ({ name, spec, feed: bare[index]?.kind === 'tensor' ? (bare[index] as TensorFeed) : undefined })),
  );
  const filled = await runner.run(feeds.map((feed, index) => feed ?? (bare[index] as Feed)));
  for (const [name, answer] of Object.entries(unpadded)) {
    const cut = unpad(filled[name] as Answers[string], lengthAxes[name] ?? [], length);
    const share = cut.shape.join() === answer.shape.join() ? shareOff(answer, cut) : 0;
    if (share > SHARE_ALLOWED)
      warnings.push(
        `Output "${name}" depends on the padding: filled up from ${given} to ${length.bucket}, ${(share * 100).toFixed(1)} % of its values are off by more than ${TOLERANCE} of its spread. Let the graph take a mask as an input, padded with 0, and leave out what is padded; or pack without pad.`,
      );
  }
  return { lengthAxes, warnings };
}

/** The first golden sample's inputs at another length. No whole number equals the padding value, so that a mask marks every position as present. */
function feedsOf(inputs: readonly ResolvedInput[], plan: GoldenPlan, length: number): Feed[] {
  const resized = inputs.map(({ name, spec: { pad } }) => {
    const input = plan.samples[0][name] as GoldenInput;
    return [name, pad === undefined ? input : { ...input, shape: input.shape.with(pad.axis, length) }] as const;
  });
  const specs = Object.fromEntries(inputs.map(({ name, spec }) => [name, spec]));
  const feeds = goldenFeeds(specs, { inputs: Object.fromEntries(resized) }, new Uint8Array(plan.bytes).buffer);
  return feeds.map((feed, index) => {
    const { pad, columns } = (inputs[index] as ResolvedInput).spec;
    if (pad === undefined || columns !== undefined || feed.kind !== 'tensor' || feed.dtype === 'float32') return feed;
    const present = pad.value === 0 ? 1 : 0;
    return { ...feed, data: feed.data.map((value) => (value === pad.value ? present : value)) };
  });
}

/** The axes whose size follows the length. An axis that changes in another way cannot be cut back, and a warning says so. */
function followers(seen: readonly { readonly length: number; readonly answers: Answers }[]) {
  const lengthAxes: Record<string, number[]> = {};
  const warnings: string[] = [];
  for (const [name, { shape }] of Object.entries(seen[0]?.answers ?? {})) {
    const sizes = shape.map((_, axis) => seen.map(({ answers }) => answers[name]?.shape[axis]));
    const follows = (axis: number) => seen.every(({ length }, index) => sizes[axis]?.[index] === length);
    lengthAxes[name] = shape.flatMap((_, axis) => (follows(axis) ? [axis] : []));
    const strange = sizes.findIndex((each, axis) => new Set(each).size > 1 && !follows(axis));
    if (strange >= 0)
      warnings.push(
        `Axis ${strange} of output "${name}" has ${sizes[strange]?.join(', ')} values for lengths of ${seen.map(({ length }) => length).join(', ')}: it is not cut back, and holds what the padding gave.`,
      );
  }
  return { lengthAxes, warnings };
}

function shareOff(wanted: Answers[string], got: Answers[string]): number {
  const { min, max, finite } = rangeOf(wanted.data);
  if (!finite || wanted.data.length === 0) return 0;
  const tolerance = TOLERANCE * spreadOf({ min, max });
  // NaN counts as different.
  const off = wanted.data.filter((value, index) => !(Math.abs(value - (got.data[index] as number)) <= tolerance));
  return off.length / wanted.data.length;
}
