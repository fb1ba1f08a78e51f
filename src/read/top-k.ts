/** Turns class scores into the best few classes. */
import { PannierError } from '../base/errors.js';
import type { Tensor, ValueKind } from '../manifest/signature.js';
import { checkTensor } from './checks.js';

/** One class and its score. */
export interface Ranked<L> {
  /** Undefined if neither the options nor the tensor name the classes. */
  readonly label: L;
  /** Position of the class on the tensor's last axis. */
  readonly index: number;
  /** A probability, 0…1, if the values are probabilities or known to be logits; else the value that the model gives. */
  readonly score: number;
}

/** Options of {@link topK}. */
export interface TopKOptions {
  /** Most classes to return. @default 5 */
  readonly k?: number;
  /** One name per class. @default the tensor's own labels */
  readonly labels?: readonly string[];
  /** `logits` go through a softmax, `probabilities` stay as they are. @default the tensor's own kind, else `probabilities` */
  readonly values?: ValueKind;
  /** The row of a tensor that holds several. @default 0 */
  readonly row?: number;
}

/**
 * Reads the `k` best classes of a tensor of shape [..., classes], best first; among equal scores the lower index
 * comes first. A class whose score is NaN is left out.
 * @throws {PannierError} `input` if there is no such row, or if the number of labels differs from that of classes
 */
export function topK<L extends string>(tensor: Tensor, options: TopKOptions & { readonly labels: readonly L[] }): Ranked<L>[];
export function topK<L extends string>(
  tensor: Tensor & { readonly labels: readonly L[]; readonly values?: ValueKind },
  options?: TopKOptions,
): Ranked<L>[];
export function topK(
  tensor: Tensor & { readonly labels?: readonly string[]; readonly values?: ValueKind },
  options?: TopKOptions,
): Ranked<string | undefined>[];
export function topK(
  tensor: Tensor & { readonly labels?: readonly string[]; readonly values?: ValueKind },
  options: TopKOptions = {},
): Ranked<string | undefined>[] {
  checkTensor('topK', tensor);
  const { k = 5, labels = tensor.labels, values = tensor.values, row = 0 } = options;
  const classes = tensor.shape.at(-1) ?? 1;
  const rows = tensor.data.length / classes;
  if (!Number.isInteger(row) || row < 0 || row >= rows) {
    const shape = `[${tensor.shape}]`;
    throw new PannierError('input', `topK: a tensor of shape ${shape} has no row ${row}. Give a whole number from 0 to ${rows - 1}.`, {
      row,
      shape: tensor.shape,
    });
  }
  if (labels !== undefined && labels.length !== classes) {
    throw new PannierError(
      'input',
      `topK: a tensor of ${classes} classes wants as many labels, but got ${labels.length}. Give one label per class, in the model's order.`,
      { wanted: classes, got: labels.length },
    );
  }
  const given = tensor.data.subarray(row * classes, (row + 1) * classes);
  const scores = values === 'logits' ? softmax(given) : given;
  return [...scores.keys()]
    .filter((index) => !Number.isNaN(scores[index]))
    .sort((one, other) => (scores[other] as number) - (scores[one] as number))
    .slice(0, k)
    .map((index) => ({ label: labels?.[index], index, score: scores[index] as number }));
}

/** The softmax over the logits that are numbers; NaN stays NaN. */
function softmax(logits: Tensor['data']): Float64Array {
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > highest) highest = logit;
  const shares = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  let total = 0;
  for (const share of shares) if (!Number.isNaN(share)) total += share;
  return shares.map((share) => share / total);
}
