/**
 * The options of TensorFlow Lite's operators, under the names that TensorFlow has for the same attributes, so that the importers of its
 * ops read both. Fields stand in the order of their tables in schema.fbs, since the order is their number there.
 */
import type { DataType } from '../../graph/element-type.js';
import type { Origin } from '../../graph/graph.js';
import { nodeError } from '../../graph/node-error.js';
import type { AttributeReader } from '../reading/attribute-reader.js';
import { dataTypeOf, elementTypeName } from './element-types.js';
import type { Table } from './flatbuffer.js';

/** Numbers that stand for words. */
const WORDS = {
  padding: ['SAME', 'VALID'],
  activation: ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'],
  mirror: ['REFLECT', 'SYMMETRIC'],
  format: ['DEFAULT', 'SHUFFLED4x16INT8'],
  kernel: ['FULL', 'BASIC'],
} as const;

type Kind = keyof typeof WORDS | 'int32' | 'float32' | 'bool' | 'type' | 'int32s' | 'float32s' | 'text';

/** Fields as `name:kind`, or `name:kind=default` where the default is not 0. */
const TABLES: Readonly<Record<string, string>> = {
  CONV_2D: 'padding:padding stride_w:int32 stride_h:int32 activation:activation dilation_w:int32=1 dilation_h:int32=1 bias_type:type',
  DEPTHWISE_CONV_2D:
    'padding:padding stride_w:int32 stride_h:int32 multiplier:int32 activation:activation dilation_w:int32=1 dilation_h:int32=1',
  TRANSPOSE_CONV: 'padding:padding stride_w:int32 stride_h:int32 activation:activation bias_type:type',
  ...forEach(
    'AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D',
    () => 'padding:padding stride_w:int32 stride_h:int32 filter_w:int32 filter_h:int32 activation:activation',
  ),
  FULLY_CONNECTED: 'activation:activation format:format keep_num_dims:bool asymmetric_quantize_inputs:bool bias_type:type',
  SOFTMAX: 'beta:float32',
  CONCATENATION: 'axis:int32 activation:activation',
  ...forEach('ADD SUB', () => 'activation:activation pot_scale_int16:bool=1'),
  ...forEach('MUL DIV L2_NORMALIZATION', () => 'activation:activation'),
  LOCAL_RESPONSE_NORMALIZATION: 'depth_radius:int32 bias:float32 alpha:float32 beta:float32',
  RESIZE_BILINEAR: 'new_height:int32 new_width:int32 align_corners:bool half_pixel_centers:bool',
  RESIZE_NEAREST_NEIGHBOR: 'align_corners:bool half_pixel_centers:bool',
  CALL: 'subgraph:int32',
  RESHAPE: 'new_shape:int32s',
  ...forEach('SPACE_TO_DEPTH DEPTH_TO_SPACE', () => 'block_size:int32'),
  GATHER: 'axis:int32 batch_dims:int32',
  ...forEach('MEAN SUM REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL', () => 'keep_dims:bool'),
  SQUEEZE: 'squeeze_dims:int32s',
  ...forEach('SPLIT SPLIT_V', () => 'num_split:int32'),
  STRIDED_SLICE: 'begin_mask:int32 end_mask:int32 ellipsis_mask:int32 new_axis_mask:int32 shrink_axis_mask:int32 offset:bool',
  CAST: 'SrcT:type DstT:type',
  ...forEach('ARG_MAX ARG_MIN', () => 'output_type:type'),
  SPARSE_TO_DENSE: 'validate_indices:bool',
  SHAPE: 'out_type:type',
  FAKE_QUANT: 'min:float32 max:float32 num_bits:int32 narrow_range:bool',
  PACK: 'N:int32 axis:int32',
  UNPACK: 'num:int32 axis:int32',
  ONE_HOT: 'axis:int32',
  LEAKY_RELU: 'alpha:float32',
  MIRROR_PAD: 'mode:mirror',
  REVERSE_SEQUENCE: 'seq_dim:int32 batch_dim:int32',
  IF: 'then_subgraph:int32 else_subgraph:int32',
  WHILE: 'cond_subgraph:int32 body_subgraph:int32',
  BATCH_MATMUL: 'adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool',
  CUMSUM: 'exclusive:bool reverse:bool',
  BUCKETIZE: 'boundaries:float32s',
  GELU: 'approximate:bool',
  LSTM: 'activation:activation cell_clip:float32 proj_clip:float32 kernel:kernel asymmetric_quantize_inputs:bool',
  UNIDIRECTIONAL_SEQUENCE_LSTM:
    'activation:activation cell_clip:float32 proj_clip:float32 time_major:bool asymmetric_quantize_inputs:bool diagonal:bool',
  RNN: 'activation:activation asymmetric_quantize_inputs:bool',
  UNIDIRECTIONAL_SEQUENCE_RNN: 'time_major:bool activation:activation asymmetric_quantize_inputs:bool',
  SVDF: 'rank:int32 activation:activation asymmetric_quantize_inputs:bool',
  STABLEHLO_COMPOSITE: 'name:text decomposition_subgraph:int32',
};

function forEach(ops: string, fields: () => string): Record<string, string> {
  return Object.fromEntries(ops.split(' ').map((op) => [op, fields()]));
}

interface Field {
  readonly index: number;
  readonly kind: Kind;
  readonly absent: number;
}

/** Reads the options of one operator. Each reader throws `model-format` for a value that has no meaning. */
export class Options implements AttributeReader {
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #table: Table | undefined;
  readonly #origin: Origin;

  constructor(table: Table | undefined, origin: Origin) {
    this.#fields = fieldsOf(origin.op);
    this.#table = table;
    this.#origin = origin;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  whole(name: string, absent?: number): number {
    return this.#number(name, 'int32') ?? this.#given(name, absent);
  }

  number(name: string, absent?: number): number {
    return this.#number(name, 'float32') ?? this.#given(name, absent);
  }

  flag(name: string, absent?: boolean): boolean {
    const number = this.#number(name, 'bool');
    return number === undefined ? this.#given(name, absent) : number !== 0;
  }

  text(name: string, absent?: string): string {
    const field = this.#fields.get(name);
    if (field === undefined) return this.#given(name, absent);
    if (field.kind === 'text') return this.#table?.text(field.index) ?? '';
    const number = this.#table?.number(field.index, 'int8', field.absent) ?? field.absent;
    const word = WORDS[field.kind as keyof typeof WORDS][number];
    if (word === undefined) throw nodeError(this.#origin, `has the ${field.kind} ${number}, which has no meaning`);
    return word;
  }

  dataType(name: string, absent?: DataType): DataType {
    const number = this.#number(name, 'type');
    if (number === undefined) return this.#given(name, absent);
    const dataType = dataTypeOf(number);
    if (dataType === undefined)
      throw nodeError(this.#origin, `has the type ${elementTypeName(number)}, which Pannier's graph does not have`);
    return dataType;
  }

  wholes(name: string, absent: readonly number[] = []): readonly number[] {
    const field = this.#fields.get(name);
    return field?.kind === 'int32s' ? (this.#table?.numbers(field.index, 'int32') ?? []) : absent;
  }

  numbers(name: string): readonly number[] {
    const field = this.#fields.get(name);
    return field?.kind === 'float32s' ? (this.#table?.numbers(field.index, 'float32') ?? []) : [];
  }

  texts(): readonly string[] {
    return [];
  }

  #number(name: string, kind: 'int32' | 'float32' | 'bool' | 'type'): number | undefined {
    const field = this.#fields.get(name);
    if (field?.kind !== kind) return undefined;
    return this.#table?.number(field.index, kind === 'type' ? 'int8' : kind, field.absent) ?? field.absent;
  }

  #given<T>(name: string, absent: T | undefined): T {
    if (absent === undefined) throw nodeError(this.#origin, `lacks the option "${name}"`);
    return absent;
  }
}

function fieldsOf(op: string): ReadonlyMap<string, Field> {
  const text = Object.hasOwn(TABLES, op) ? (TABLES[op] as string) : '';
  const fields = text.split(' ').filter((each) => each !== '');
  return new Map(
    fields.map((each, index) => {
      const [, name = '', kind, absent = '0'] = /^(\w+):(\w+)(?:=(\d+))?$/.exec(each) ?? [];
      return [name, { index, kind: kind as Kind, absent: Number(absent) }];
    }),
  );
}
