/** Reads the attributes of TensorFlow's ops, in whichever format a file has them. */
import type { DataType } from '../../graph/element-type.js';

/** Each reader throws `model-format` if the attribute has another form, or is absent and must be there. */
export interface AttributeReader {
  has(name: string): boolean;
  whole(name: string, absent?: number): number;
  number(name: string, absent: number): number;
  flag(name: string, absent?: boolean): boolean;
  text(name: string, absent: string): string;
  dataType(name: string, absent?: DataType): DataType;
  wholes(name: string, absent?: readonly number[]): readonly number[];
  texts(name: string): readonly string[];
}
