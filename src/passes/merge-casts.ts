/** Casts at once what is cast twice, where the type between holds all that it is given. */
import { type DataType, isFloat } from '../graph/element-type.js';
import type { TypedValue } from '../graph/graph.js';
import type { Pass } from './pass.js';
import { PatchBuilder } from './patch.js';

export const mergeCasts: Pass = {
  name: 'merge casts',
  rewrite({ op, attributes, inputs: [between], outputs: [output], origin }, graph) {
    const before = graph.producerOf(between);
    if (op !== 'cast' || before?.op !== 'cast') return undefined;
    const source = before.inputs[0] as TypedValue;
    if (!isLossless(source.type.dataType, before.attributes.to, attributes.to)) return undefined;
    const patch = new PatchBuilder(graph);
    return patch.replace(output as TypedValue, patch.op('cast', [source], attributes, origin)).build();
  },
};

/** The types that hold all numbers of a type. */
const WIDER: Readonly<Partial<Record<DataType, readonly DataType[]>>> = {
  bool: ['uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'float32'],
  uint8: ['int16', 'int32', 'int64', 'float16', 'float32'],
  int8: ['int16', 'int32', 'int64', 'float16', 'float32'],
  int16: ['int32', 'int64', 'float32'],
  int32: ['int64'],
  float16: ['float32'],
};

/** Whether casts from one type over a second to a third are one cast: floats saturate where they become whole numbers, whole numbers wrap. */
const isLossless = (from: DataType, between: DataType, to: DataType): boolean =>
  from === between ||
  (WIDER[from]?.includes(between) === true && (from === 'bool' || isFloat(from) === isFloat(between) || isFloat(to) || to === 'bool'));
