/** The options that follow from a classical model: the columns of its table, whose categories become their places, and labels. */
import type { OnnxModel } from '../../formats/onnx/read/read.js';
import type { ColumnOptions } from '../options.js';
import type { Hints } from './hints.js';

/**
 * Hints from a model of scikit-learn. Undefined for a model that has neither columns nor classes. Scores count as they are, whether
 * the model makes probabilities of them or not.
 * @param file how messages name the model
 */
export function classicalHints({ columns, classNames }: OnnxModel, file: string): Hints | undefined {
  if (columns.size === 0 && classNames.size === 0) return undefined;
  const table = [...columns].map(([input, read]) => {
    const options = read.map((column): ColumnOptions => ('categories' in column ? { ...column, encode: 'index' } : column));
    return [input, { columns: options }] as const;
  });
  const labelled = [...classNames].map(([output, labels]) => [output, { labels, values: 'probabilities' }] as const);
  const hints = { inputs: Object.fromEntries(table), outputs: Object.fromEntries(labelled) };
  return { ...hints, source: `the nodes of ${file}`, warnings: [] };
}
