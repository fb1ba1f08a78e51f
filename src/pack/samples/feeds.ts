/** Makes the feeds of a sample. */

import type { ColumnSpec, ImageSpec } from '../../manifest/manifest.js';
import { rowsFeed } from '../../preprocess/columns.js';
import type { Feed } from '../../preprocess/feed.js';
import { mapToSource } from '../../preprocess/mapping.js';
import { type PaddedLength, padTogether } from '../../preprocess/pad.js';
import { type Given, type GivenArray, type GivenRows, isTable } from './given.js';

/** The columns of one input by its name, prepared in another way. */
export type ChangeColumns = (columns: readonly ColumnSpec[], input: string) => readonly ColumnSpec[];

/** Another preprocessing than the declared one. */
export interface Change {
  readonly image?: (image: ImageSpec) => ImageSpec;
  readonly columns?: ChangeColumns;
}

/** Passes pictures on as they are, for the engine to prepare, and pads lengths from `length` up if inputs are padded. */
export function feedsOf({ pictures, arrays }: Given, change: Change = {}): { feeds: readonly Feed[]; length: PaddedLength | undefined } {
  const seen = pictures.map(({ name, spec: { dtype, image: declared }, pixels }): Feed => {
    const image = change.image?.(declared) ?? declared;
    const { width, height, channels, layout } = image;
    const depth = channels === 'gray' ? 1 : 3;
    const shape = layout === 'nhwc' ? [1, height, width, depth] : [1, depth, height, width];
    return {
      kind: 'picture',
      name,
      dtype: dtype === 'int32' ? dtype : 'float32',
      shape,
      picture: pixels,
      image,
      map: mapToSource(image, pixels),
    };
  });
  const { feeds, length } = padTogether(arrays.map((array) => withColumns(array, change.columns)));
  return { feeds: [...seen, ...feeds.filter((feed) => feed !== undefined)], length };
}

function withColumns(array: GivenArray | GivenRows, change: ChangeColumns | undefined): GivenArray {
  if (change === undefined || !isTable(array)) return array;
  const { name, spec, rows } = array;
  return { ...array, feed: rowsFeed(name, { ...spec, columns: change(spec.columns, name) }, rows) };
}
