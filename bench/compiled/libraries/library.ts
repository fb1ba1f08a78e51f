/** The part that each library plays: it opens a model, and answers the same values again and again. */
import { sizeOf } from '../../../src/base/dtype.js';
import { DATA_TYPES } from '../../../src/graph/element-type.js';
import type { Tensor } from '../../../src/graph/tensor.js';

/** One output, in memory that nobody else holds. */
export type Values = Pick<Tensor, 'shape'> & { readonly data: ArrayLike<number> };

export interface Input extends Tensor {
  readonly name: string;
}

/** The description that `prepare.ts` writes of a model. */
export interface About {
  readonly inputs: readonly Omit<Input, 'data'>[];
  /** Names of the outputs, in one order, as the compiled module and as TF.js's graph have them; null if TF.js cannot compute it. */
  readonly outputs: { readonly compiled: readonly string[]; readonly tfjs: readonly string[] | null };
  /** Floating-point operations of one run. */
  readonly flops: number;
}

/** The files of one model, by addresses, and the values of its inputs. */
export interface Opening {
  /** The folder with the files of `prepare.ts`. */
  readonly folder: string;
  /** The model in the library's own format, for those that read no file of `prepare.ts`. */
  readonly file: string | null;
  readonly about: About;
  readonly inputs: readonly Input[];
}

export interface OpenModel {
  /** One prediction: inputs are copied in, and the outputs out. */
  run(): Promise<readonly Values[]>;
  close(): void;
}

export type Open = (opening: Opening) => Promise<OpenModel>;

/** The inputs with their values, which lie in a file one after the other, as numbers of 64 bits. */
export function inputsIn(file: ArrayBuffer, types: About['inputs']): readonly Input[] {
  let offset = 0;
  return types.map((type) => {
    const values = new Float64Array(file, offset, sizeOf(type.shape));
    offset += values.byteLength;
    return { ...type, data: DATA_TYPES[type.dataType].from(values) };
  });
}
