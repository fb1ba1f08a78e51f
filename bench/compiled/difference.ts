/** How far the answers of two libraries are from each other. */
import type { Values } from './libraries/library.js';

/** The outcome of the comparison with one library. */
export interface Difference {
  /** The largest distance of a value, as a share of the largest magnitude in its output. */
  readonly most: number;
  /** Outputs that were compared, and how many there are. */
  readonly compared: number;
  readonly outputs: number;
}

/** Compares outputs of the same model, which come in one order. */
export function differenceInOrder(got: readonly Values[], wanted: readonly Values[]): Difference {
  const shares = wanted.map((values, index) => shareOf(got[index] as Values, values));
  return { most: Math.max(...shares), compared: wanted.length, outputs: got.length };
}

/**
 * Compares outputs of a twin, which another converter made of the same network: each with the nearest of equal sizes. One of the two
 * may leave the last sigmoid to the caller, and a twin may answer apart what the graph joins.
 */
export function differenceOfTwin(got: readonly Values[], wanted: readonly Values[]): Difference {
  const all = [...wanted, ...wanted.map(sigmoidOf), ...wanted.flatMap((first) => wanted.map((second) => joined(first, second)))];
  const shares = got.flatMap((values) => {
    const alike = all.filter(({ shape }) => sizes(shape) === sizes(values.shape));
    const forms = [values, sigmoidOf(values)];
    return alike.length === 0 ? [] : [Math.min(...alike.flatMap((each) => forms.map((form) => shareOf(form, each))))];
  });
  return { most: Math.max(0, ...shares), compared: shares.length, outputs: got.length };
}

const sigmoidOf = ({ shape, data }: Values): Values => ({ shape, data: Float32Array.from(data, (value) => 1 / (1 + Math.exp(-value))) });

/** Both along the last axis. */
function joined(first: Values, second: Values): Values {
  const widths = [first, second].map(({ shape }) => shape.at(-1) ?? 1) as [number, number];
  const rows = first.data.length / widths[0];
  const data: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (const [index, each] of [first, second].entries()) {
      const width = widths[index] as number;
      for (let column = 0; column < width; column++) data.push(each.data[row * width + column] as number);
    }
  }
  return { shape: [...first.shape.slice(0, -1), widths[0] + widths[1]], data };
}

const sizes = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();

function shareOf(got: Values, wanted: Values): number {
  if (got.data.length !== wanted.data.length) return Number.POSITIVE_INFINITY;
  let [most, largest] = [0, 1e-6];
  for (let index = 0; index < wanted.data.length; index++) {
    const value = Number(wanted.data[index]);
    const distance = Math.abs(value - Number(got.data[index]));
    if (Number.isNaN(distance)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(value));
    most = Math.max(most, distance);
  }
  return most / largest;
}
