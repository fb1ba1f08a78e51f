/** Open sizes in the attributes of nodes. */
import { evaluate, type OpenSize } from '../../graph/size.js';

/** An attribute of any kind; those that are objects, but no lists, are open sizes. */
const isOpenSize = (attribute: unknown): attribute is OpenSize =>
  typeof attribute === 'object' && attribute !== null && 'terms' in attribute;

/** The open sizes in an attribute. */
export function openSizesIn(attribute: unknown): readonly OpenSize[] {
  if (Array.isArray(attribute)) return attribute.flatMap(openSizesIn);
  return isOpenSize(attribute) ? [attribute] : [];
}

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
