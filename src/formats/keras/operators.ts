/** Operators between layers, such as `x * 2`: TFOpLambda in Keras 2, a class for each in Keras 3. */

import { describe } from '../../base/describe.js';
import type { TypedValue } from '../../graph/graph.js';
import { broken } from '../file-fields.js';
import { type Call, onlyInput, type Rule } from './rule.js';

const TWO = ['add', 'sub', 'mul', 'div', 'max', 'min', 'pow', 'squaredDifference'] as const;
const ONE = ['neg', 'abs', 'exp', 'log', 'sqrt', 'rsqrt', 'sin', 'cos', 'tanh', 'sigmoid', 'relu', 'softplus', 'floor', 'ceil'] as const;

type Operator = (typeof TWO)[number] | (typeof ONE)[number] | 'square';

/** Our ops by TensorFlow's names of Keras 2's operators. */
const FUNCTIONS: Readonly<Record<string, Operator>> = {
  ...{ '__operators__.add': 'add', 'math.add': 'add', 'math.subtract': 'sub', 'math.multiply': 'mul', 'math.truediv': 'div' },
  ...{ 'math.divide': 'div', 'math.maximum': 'max', 'math.minimum': 'min', 'math.pow': 'pow', 'math.negative': 'neg', 'math.abs': 'abs' },
  ...{ 'math.squared_difference': 'squaredDifference', 'math.exp': 'exp', 'math.log': 'log', 'math.sqrt': 'sqrt', 'math.rsqrt': 'rsqrt' },
  ...{ 'math.square': 'square', 'math.sin': 'sin', 'math.cos': 'cos', 'math.tanh': 'tanh', 'math.sigmoid': 'sigmoid', 'nn.relu': 'relu' },
  ...{ 'math.softplus': 'softplus', 'math.floor': 'floor', 'math.ceil': 'ceil' },
};

/** Our ops by the classes of Keras 3's operators. */
const CLASSES: Readonly<Record<string, Operator>> = {
  ...{ Add: 'add', Subtract: 'sub', Multiply: 'mul', Divide: 'div', TrueDivide: 'div', Maximum: 'max', Minimum: 'min', Power: 'pow' },
  ...{ Negative: 'neg', Absolute: 'abs', Abs: 'abs', Exp: 'exp', Log: 'log', Sqrt: 'sqrt', Rsqrt: 'rsqrt', Square: 'square', Sin: 'sin' },
  ...{ Cos: 'cos', Tanh: 'tanh', Sigmoid: 'sigmoid', Relu: 'relu', Softplus: 'softplus', Floor: 'floor', Ceil: 'ceil' },
};

/** Operators that are named as a layer is, which takes one argument, a list. */
const NAMED_AS_LAYERS: readonly unknown[] = ['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'];

/** Whether an entry of that class, called with so many arguments, is an operator of Keras 3. */
export const isOperatorClass = (kind: unknown, count: number): boolean =>
  typeof kind === 'string' && Object.hasOwn(CLASSES, kind) && count > (NAMED_AS_LAYERS.includes(kind) ? 1 : 0);

/** TensorFlow's names of the functions that Keras 2 puts between layers, and that are computed. */
export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

const isOneOf = <T extends string>(names: readonly T[], name: string): name is T => (names as readonly string[]).includes(name);

function computed(call: Call, operator: Operator): TypedValue {
  const { inputs, settings } = call;
  if (isOneOf(TWO, operator)) {
    if (inputs.length !== 2) throw broken(`${settings.what} takes 2 operands, but is given ${inputs.length}.`);
    return call.op(operator, inputs, {});
  }
  const x = onlyInput(call);
  return isOneOf(ONE, operator) ? call.op(operator, [x], {}) : call.op('mul', [x, x], {});
}

const lambda: Rule = (call) => {
  const { settings } = call;
  const given = settings.value('function');
  if (typeof given !== 'string' || !Object.hasOwn(FUNCTIONS, given))
    throw settings.refused(`with function ${describe(given)}: ${FUNCTION_NAMES.join(', ')} are known`);
  return [computed(call, FUNCTIONS[given] as Operator)];
};

/** The operators. */
export const OPERATOR_RULES: readonly (readonly [kind: string, rule: Rule])[] = [
  ['TFOpLambda', lambda],
  ...Object.entries(CLASSES).map(([kind, operator]): readonly [string, Rule] => [`ops.${kind}`, (call) => [computed(call, operator)]]),
];
