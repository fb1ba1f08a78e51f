/** Explains a failed golden check: tries other preprocessings until one answers as the training framework did. */
import type { Change } from '../samples/feeds.js';
import { isTable } from '../samples/given.js';
import type { Attempt } from './attempt.js';
import type { ReadCheck } from './checks.js';
import { findColumnCause } from './column-cause.js';
import { findPictureCause } from './picture-cause.js';

/**
 * Says what may be wrong with a check that failed.
 * @param attempt runs the check with a preprocessing changed
 * @param nodes by input: the node, which is how a message names the input's options
 * @param distance the distance of the run with the declared preprocessing
 */
export async function findCause(
  attempt: (change: Change) => Promise<Attempt>,
  { pictures: [picture], arrays }: ReadCheck,
  nodes: Readonly<Record<string, string>>,
  distance: number,
): Promise<string> {
  const tables = arrays.filter(isTable);
  if (picture === undefined && tables.length === 0)
    return 'Its inputs are numbers, so no preprocessing is in the way: is the model the one that answered, and exported whole?';
  if (distance === Number.POSITIVE_INFINITY) return 'Is the file of this output, and of this model?';
  // A preprocessing with which the graph cannot run does not agree.
  const tried = (change: Change) => attempt(change).catch(() => ({ agrees: false, distance: Number.POSITIVE_INFINITY }));
  const ofPictures = picture && (await findPictureCause((image) => tried({ image }), picture, nodes, distance));
  if (ofPictures?.agrees === true || tables.length === 0) return ofPictures?.told ?? '';
  const ofRows = await findColumnCause((columns) => tried({ columns }), tables, nodes);
  return ofRows.agrees || ofPictures === undefined ? ofRows.told : `${ofPictures.told} ${ofRows.told}`;
}
