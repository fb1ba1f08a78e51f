/** Open sizes in the attributes of nodes. */
import { isOpenSize } from '../../graph/needed.js';
import { evaluate } from '../../graph/size.js';

/**
 * Attributes whose open sizes are numbers.
 * @param sizes the numbers by the names of the open sizes
 * @throws {RangeError} if one has no value
 */
export const closeAttributes = (attributes: object, sizes: ReadonlyMap<string, number>): object =>
  Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, close(attribute, sizes)]));

function close(attribute: unknown, sizes: ReadonlyMap<string, number>): unknown {
  if (Array.isArray(attribute)) return attribute.map((each) => close(each, sizes));
  return isOpenSize(attribute) ? evaluate(attribute, sizes) : attribute;
}
