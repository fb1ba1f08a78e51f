/** The attributes of a GraphDef's nodes, in the form that TF.js's JSON has. */
import type { WideDType } from '../../../base/dtype.js';
import type { DataType } from '../../../graph/element-type.js';
import { isOpen } from '../../../graph/size.js';
import type { Shape } from '../../../graph/tensor.js';

const TYPES = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;

/** The element type that TF.js has for one of ours: every type of whole numbers is int32 there, and every float is float32. */
export const dtypeOf = (dataType: DataType): WideDType => {
  if (dataType === 'bool') return 'bool';
  return dataType === 'float32' || dataType === 'float16' ? 'float32' : 'int32';
};

/** Attributes: whole numbers are texts, and texts are base64. */
export const attr = {
  whole: (value: number) => ({ i: String(value) }),
  number: (value: number) => ({ f: value }),
  flag: (value: boolean) => ({ b: value }),
  text: (value: string) => ({ s: btoa(value) }),
  type: (dtype: WideDType) => ({ type: TYPES[dtype] }),
  wholes: (values: readonly number[]) => ({ list: { i: values.map(String) } }),
  texts: (values: readonly string[]) => ({ list: { s: values.map((value) => btoa(value)) } }),
  /** Open sizes are -1. */
  shape: (shape: Shape) => ({ shape: { dim: shape.map((size) => ({ size: isOpen(size) ? '-1' : String(size) })) } }),
};
