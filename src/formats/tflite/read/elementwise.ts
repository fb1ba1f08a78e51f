/** Reads operators that compute each element by itself. */
import type { TypedValue } from '../../../graph/graph.js';
import { cannotExpress } from '../../reading/cannot-express.js';
import type { PlainOp } from '../../reading/plain-ops.js';
import { fakeQuant } from '../../tfjs/read/elementwise.js';
import { withActivation } from './activation.js';
import type { Call, Importer, Importers } from './call.js';
import { readAs } from './tensorflow.js';

/** An op of two inputs that an activation may follow. */
const combining =
  (op: PlainOp): Importer =>
  (call) =>
    withActivation(call, (give) => give<PlainOp>(op, [call.value(0), call.value(1)], {}));

const clamp =
  (min: number, max: number): Importer =>
  (call) =>
    call.add('clamp', [call.value()], { min, max });

/** Adds the inputs one after the other. */
const addN: Importer = (call) => call.values(1).reduce((sum, each) => call.apply('add', sum, each), call.value(0));

/** Whole numbers keep their lowest bits here, so that sums of them say what bits do: a xor b is a + b - 2 · (a and b). */
function bitwiseXor(call: Call): TypedValue {
  const [a, b] = [call.value(0), call.value(1)];
  if (a.type.dataType === 'bool') return call.apply('logicalXor', a, b);
  return call.apply('sub', call.apply('add', a, b), call.apply('mul', call.apply('bitwiseAnd', a, b), call.number(2)));
}

/** An arithmetic shift is a division by a power of 2, rounded down. Shifts are clamped to the width of the type (reference/right_shift). */
function rightShift(call: Call): TypedValue {
  const [input, by] = [call.value(0), call.value(1)];
  const { dataType } = input.type;
  if (dataType === 'int32') throw cannotExpress('shifts int32, whose powers of 2 its type does not hold');
  const places = call.step('clamp', [call.cast(by, 'int32')], { min: 0, max: 16 });
  const factor = call.apply('pow', call.number(2, 'int32'), places);
  return call.cast(call.apply('floorDiv', call.cast(input, 'int32'), factor), dataType);
}

/** How many of some ascending bounds an element is not below. */
function bucketize(call: Call): TypedValue {
  const bounds = call.attributes.numbers('boundaries');
  const input = call.value();
  const column = call.reshaped(input, [...input.type.shape, 1]);
  const above = call.apply('greaterOrEqual', call.cast(column, 'float32'), call.numbers('float32', bounds));
  return call.add('reduceSum', [call.cast(above, 'int32')], { axes: [input.type.shape.length], keepDimensions: false });
}

function gelu(call: Call): TypedValue {
  return call.add('gelu', [call.value()], { approximation: call.attributes.flag('approximate') ? 'tanh' : 'none' });
}

/** The output's type says more than the options, which the first versions of the operator did not have. */
const cast: Importer = (call) => call.cast(call.value(), call.outputType() ?? call.attributes.dataType('DstT'));

export const ELEMENTWISE_IMPORTERS: Importers = {
  ...{ ABS: readAs('Abs'), NEG: readAs('Neg'), SIGN: readAs('Sign'), RELU: readAs('Relu'), EXP: readAs('Exp'), LOG: readAs('Log') },
  ...{ CEIL: readAs('Ceil'), FLOOR: readAs('Floor'), ROUND: readAs('Round'), SQRT: readAs('Sqrt'), RSQRT: readAs('Rsqrt') },
  ...{
    SIN: readAs('Sin'),
    COS: readAs('Cos'),
    TANH: readAs('Tanh'),
    LOGISTIC: readAs('Sigmoid'),
    ELU: readAs('Elu'),
    PRELU: readAs('Prelu'),
  },
  ...{ RELU6: clamp(0, 6), RELU_N1_TO_1: clamp(-1, 1), RELU_0_TO_1: clamp(0, 1), LEAKY_RELU: readAs('LeakyRelu'), GELU: gelu },
  HARD_SWISH: (call) => call.add('hardSwish', [call.value()], {}),
  ...{ SQUARE: readAs('Square'), CAST: cast, LOGICAL_NOT: readAs('LogicalNot') },
  ...{ ADD: combining('add'), SUB: combining('sub'), MUL: combining('mul'), DIV: combining('div'), ADD_N: addN },
  ...{
    FLOOR_DIV: readAs('FloorDiv'),
    FLOOR_MOD: readAs('FloorMod'),
    MAXIMUM: readAs('Maximum'),
    MINIMUM: readAs('Minimum'),
    POW: readAs('Pow'),
  },
  ...{ SQUARED_DIFFERENCE: readAs('SquaredDifference'), ATAN2: readAs('Atan2'), BITWISE_XOR: bitwiseXor, RIGHT_SHIFT: rightShift },
  ...{ EQUAL: readAs('Equal'), NOT_EQUAL: readAs('NotEqual'), GREATER: readAs('Greater'), GREATER_EQUAL: readAs('GreaterEqual') },
  ...{ LESS: readAs('Less'), LESS_EQUAL: readAs('LessEqual'), LOGICAL_AND: readAs('LogicalAnd'), LOGICAL_OR: readAs('LogicalOr') },
  ...{ SELECT: readAs('Select'), SELECT_V2: readAs('SelectV2'), BUCKETIZE: bucketize },
  FAKE_QUANT: (call) => fakeQuant(call, call.attributes.number('min'), call.attributes.number('max')),
};
