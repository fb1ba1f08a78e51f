/** The reference of pools: windows that move over height and width of NHWC pictures. */
import { sizeOf } from '../../base/dtype.js';
import { INTEGER_RANGE, isFloat } from '../../graph/element-type.js';
import type { Tensor } from '../../graph/tensor.js';
import { spanOf } from '../../graph/window.js';
import type { Kernel, KernelCall } from './kernel.js';
import { narrow, wide, wideArray } from './wide.js';

type Pool = 'averagePool2d' | 'maxPool2d' | 'l2Pool2d';

/** Combines the elements of one window. */
interface Combine {
  readonly initial: number;
  readonly add: (total: number, x: number) => number;
  /** @param inside how many elements of the window lie in the picture @param padded how many lie in it or in its padding */
  readonly end: (total: number, inside: number, padded: number) => number;
}

export const maxPool2d: Kernel<'maxPool2d'> = (call) => {
  const [least] = INTEGER_RANGE[(call.inputs[0] as Tensor).dataType] ?? [Number.NEGATIVE_INFINITY];
  return pool(call, { initial: least, add: (total, x) => Math.max(total, x), end: (total) => total });
};

export const l2Pool2d: Kernel<'l2Pool2d'> = (call) => {
  const round = rounding(call);
  return pool(call, { initial: 0, add: (total, x) => total + x * x, end: (total) => round(Math.sqrt(total)) });
};

export const averagePool2d: Kernel<'averagePool2d'> = (call) => {
  const { countPadding } = call.attributes;
  const round = rounding(call);
  const mean = (total: number, count: number): number => (count === 0 ? 0 : round(total / count));
  return pool(call, {
    initial: 0,
    add: (total, x) => total + x,
    end: (total, inside, padded) => mean(total, countPadding ? padded : inside),
  });
};

/** Whole numbers are rounded towards zero; floats are rounded where they are stored. */
const rounding = ({ inputs }: KernelCall<Pool>): ((value: number) => number) =>
  isFloat((inputs[0] as Tensor).dataType) ? (value) => value : Math.trunc;

function pool({ inputs, attributes, shapes }: KernelCall<Pool>, { initial, add, end }: Combine): readonly Tensor[] {
  const { dataType, shape: own, data } = inputs[0] as Tensor;
  const shape = shapes[0] as readonly [number, number, number, number];
  const [batch, outHeight, outWidth, channels] = shape;
  const [, height, width] = own as readonly [number, number, number, number];
  const values = wide(data);
  const results = wideArray(dataType, sizeOf(shape));
  const [rowsEach, columnsEach] = attributes.windowDimensions as readonly [number, number];
  const down = Array.from({ length: outHeight }, (_, place) => spanOf(place, height, rowsEach, 0, attributes));
  const across = Array.from({ length: outWidth }, (_, place) => spanOf(place, width, columnsEach, 1, attributes));
  let at = 0;
  for (let picture = 0; picture < batch; picture++)
    for (const rows of down)
      for (const columns of across)
        for (let channel = 0; channel < channels; channel++) {
          let total = initial;
          for (const y of rows.places)
            for (const x of columns.places) total = add(total, values[((picture * height + y) * width + x) * channels + channel] as number);
          results[at++] = end(total, rows.places.length * columns.places.length, rows.padded * columns.padded);
        }
  return [{ dataType, shape, data: narrow(dataType, results) }];
}
