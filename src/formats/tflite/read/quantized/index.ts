/**
 * Reads operators of whole numbers that stand for floats. Those for which TensorFlow Lite has an arithmetic of whole numbers have it here;
 * those that move or compare numbers of one scale take them as they are; all others compute with floats, as its tables of 256 results
 * are made: each result is rounded to the nearest number of the output's scale.
 */
import type { TypedValue } from '../../../../graph/graph.js';
import { cannotExpress } from '../../../reading/cannot-express.js';
import { listOfTensors, type ReadTensor } from '../../../reading/tensors.js';
import type { TfliteTensor } from '../../model.js';
import type { Call, Importer, Importers, OperatorTensors } from '../call.js';
import { isQuantized } from '../constant-operators.js';
import { ARITHMETIC_IMPORTERS } from './arithmetic.js';
import { fixedPoint } from './fixed-point.js';
import { centred, dequantized, inputScale, isSameScale, outputScale, quantized, requantized, scaleOf } from './numbers.js';
import { PRODUCT_IMPORTERS } from './products.js';

const EXACT: Importers = { ...PRODUCT_IMPORTERS, ...ARITHMETIC_IMPORTERS };

/** Operators that give elements of their inputs, and nothing else. */
const MOVING: ReadonlySet<string> = new Set([
  ...['RESHAPE', 'SQUEEZE', 'EXPAND_DIMS', 'SLICE', 'STRIDED_SLICE', 'TRANSPOSE', 'TILE', 'PACK', 'UNPACK', 'SPLIT', 'SPLIT_V'],
  ...['CONCATENATION', 'MIRROR_PAD', 'REVERSE_V2', 'SPACE_TO_DEPTH', 'DEPTH_TO_SPACE', 'BROADCAST_TO', 'GATHER', 'GATHER_ND'],
  ...['EMBEDDING_LOOKUP', 'REDUCE_MAX', 'REDUCE_MIN', 'MAXIMUM', 'MINIMUM', 'RESIZE_NEAREST_NEIGHBOR', 'BATCH_TO_SPACE_ND', 'SELECT'],
  ...['SELECT_V2', 'TOPK_V2', 'ARG_MAX', 'ARG_MIN', 'SHAPE'],
]);

/** Operators that put zeros around their input, for which its zero point stands. */
const PADDING: ReadonlySet<string> = new Set(['PAD', 'SPACE_TO_BATCH_ND']);

/**
 * A call of the same operator with other values as inputs, and with floats as outputs.
 * @param inputs by their places; 'constant' stands for the floats of a constant
 * @param states what becomes of a state's floats
 */
export type WithInputs = (inputs: ReadonlyMap<number, ReadTensor | 'constant'>, states?: Pick<OperatorTensors, 'keep' | 'held'>) => Call;

/** Whether an operator takes or gives whole numbers that stand for floats. */
export const isOfQuantized = ({ tensors: { inputs, outputs } }: Call): boolean =>
  [...inputs, ...outputs].some((tensor) => tensor !== undefined && tensor.bytes === undefined && isQuantized(tensor));

/**
 * Reads an operator of quantised numbers.
 * @param importer of the same operator for floats, if there is one
 */
export function readQuantized(call: Call, importer: Importer | undefined, withInputs: WithInputs): readonly ReadTensor[] {
  const exact = Object.hasOwn(EXACT, call.op) ? EXACT[call.op] : undefined;
  if (exact !== undefined && call.tensors.outputs.every(({ quantization }) => quantization !== undefined))
    return listOfTensors(exact(call));
  if (call.op === 'DEQUANTIZE') return [dequantized(call, call.value(), inputScale(call))];
  if (importer === undefined)
    throw cannotExpress('is an operator that Pannier does not read for whole numbers; export the model without quantisation');
  if (MOVING.has(call.op) && hasOneScale(call)) return listOfTensors(importer(call));
  if (PADDING.has(call.op) && isSameScale(inputScale(call), outputScale(call))) {
    const padded = importer(withInputs(new Map([[0, centred(call)]]))) as TypedValue;
    return [requantized(call, padded, [fixedPoint(1)])];
  }
  return throughFloats(call, importer, withInputs);
}

/** Whether all quantised tensors have one scale, and no activation is fused, which would be one of floats. */
function hasOneScale(call: Call): boolean {
  const { inputs, outputs } = call.tensors;
  const [first, ...others] = [...inputs, ...outputs]
    .filter((tensor): tensor is TfliteTensor => tensor !== undefined && isQuantized(tensor))
    .map((tensor) => scaleOf(call, tensor));
  return first !== undefined && others.every((each) => isSameScale(first, each)) && call.attributes.text('activation', 'NONE') === 'NONE';
}

function throughFloats(call: Call, importer: Importer, withInputs: WithInputs): readonly ReadTensor[] {
  const { inputs, outputs } = call.tensors;
  const floats = new Map<number, ReadTensor | 'constant'>();
  for (const [index, tensor] of inputs.entries()) {
    if (tensor?.quantization === undefined || !call.has(index)) continue;
    if (!isQuantized(tensor) && call.type(index).dataType !== 'int32') continue;
    floats.set(index, call.tensors.isConstant[index] ? 'constant' : dequantized(call, call.value(index), scaleOf(call, tensor)));
  }
  const numbersOf = (index: number, value: TypedValue): TypedValue => {
    const tensor = inputs[index];
    return tensor !== undefined && isQuantized(tensor) ? quantized(call, value, tensor) : value;
  };
  const keep = (index: number, value: TypedValue) => call.tensors.keep(index, numbersOf(index, value));
  const held = (index: number, value: TypedValue): TypedValue => {
    const numbers = numbersOf(index, value);
    return numbers === value ? value : dequantized(call, numbers, inputScale(call, index));
  };
  const results = listOfTensors(importer(withInputs(floats, { keep, held })));
  return results.map((result, index) => {
    const output = outputs[index];
    return output !== undefined && isQuantized(output) ? quantized(call, call.asValue(result), output) : result;
  });
}
