/** How many values and rows inputs take. */
import type { ColumnSpec } from './manifest.js';

/** The most values that one input may take, a picture's included: the packer refuses more, and no page has the memory for them. */
export const MAX_VALUES = 2 ** 26;

/** The most rows of the golden sample, which are objects until they are encoded. */
export const MAX_ROWS = 2 ** 16;

/** How many values of the tensor's last axis a column fills. */
export const widthOf = (column: ColumnSpec): number =>
  'categories' in column && column.encode === 'one-hot' ? column.categories.length : 1;

/** How many rows a tensor of this shape holds; a tensor of one axis is a row itself. */
export const rowsOf = (shape: readonly number[]): number => (shape.length < 2 ? 1 : (shape[0] as number));
