/** Cases of the ops that compute each element of one input by itself. */
import type { OpAttributes, OpName } from '../../../src/graph/ops/index.js';
import { CaseList, shown } from '../case.js';
import { EMPTY, LARGE, SHAPES } from '../shapes.js';
import { between, type CaseType, CORNERS, type Draw, each, FLOAT_CORNERS, flags, NOT_FINITE, normal, ordinary, wholes } from '../values.js';

/** What one op takes, and the values that it is tried with. */
interface Unary<Name extends OpName> {
  readonly types: readonly CaseType[];
  /** In turn over the shapes. */
  readonly attributes: readonly OpAttributes[Name][];
  /** Where floats lie that the op computes with. */
  readonly domain: Draw;
  /** At which corners floats are tried. */
  readonly corners: readonly number[];
}

const FLOATS: readonly CaseType[] = ['float32'];
const NUMBERS: readonly CaseType[] = ['float32', 'int32'];
const ANY: readonly CaseType[] = ['float32', 'int32', 'bool'];

/** Corners of curves, beyond which their values leave float32. */
const CURVE = [0, 1, -1, 0.5, -0.5, 1e-4, -1e-4, 3, -3, 6, -6, 20, -20, 80, -80, ...NOT_FINITE];

/** Where an engine may answer NaN by another number. */
const withoutNaN = (values: readonly number[]): readonly number[] => values.filter((value) => !Number.isNaN(value));

const unary = <Name extends OpName>(given: Partial<Unary<Name>> = {}): Unary<Name> => ({
  types: FLOATS,
  attributes: [{} as OpAttributes[Name]],
  domain: normal,
  corners: CORNERS.float32,
  ...given,
});

const curve = <Name extends OpName>(given: Partial<Unary<Name>> = {}): Unary<Name> => unary<Name>({ corners: CURVE, ...given });

const alphas = [{ alpha: 0.2 }, { alpha: 1 }, { alpha: 0.01 }, { alpha: 1.7 }];

const UNARY: { readonly [Name in OpName]?: Unary<Name> } = {
  identity: unary({ types: ANY }),
  abs: unary({ types: NUMBERS }),
  neg: unary({ types: NUMBERS }),
  sign: unary({ types: NUMBERS }),
  relu: unary({ types: NUMBERS }),
  ceil: unary({ domain: between(-9, 9) }),
  floor: unary({ domain: between(-9, 9) }),
  roundEven: unary({ domain: (random) => Math.floor(random() * 41 - 20) / 2 }),
  exp: curve({ domain: between(-10, 10) }),
  expm1: curve({ domain: between(-3, 3) }),
  log: curve({ domain: between(1e-3, 20) }),
  log1p: curve({ domain: between(-0.9, 9) }),
  sqrt: curve({ domain: between(0, 30) }),
  rsqrt: curve({ domain: between(1e-2, 30) }),
  reciprocal: unary({ domain: between(0.1, 9), corners: [1, -1, 0.5, -0.25, 1e8, -1e8, 3, -7, 1e-20, ...NOT_FINITE] }),
  erf: curve({ domain: between(-3, 3) }),
  sin: curve({ domain: between(-9, 9), corners: [0, 1, -1, Math.PI, -Math.PI, Math.PI / 2, 2 * Math.PI, 30, -30, 100, ...NOT_FINITE] }),
  cos: curve({ domain: between(-9, 9), corners: [0, 1, -1, Math.PI, -Math.PI, Math.PI / 2, 2 * Math.PI, 30, -30, 100, ...NOT_FINITE] }),
  tan: curve({ domain: between(-1.4, 1.4), corners: [0, 1, -1, 0.5, 2, 3, -3, 4, ...NOT_FINITE] }),
  sinh: curve({ domain: between(-4, 4) }),
  cosh: curve({ domain: between(-4, 4) }),
  tanh: curve({ domain: between(-4, 4) }),
  asin: curve({ domain: between(-1, 1), corners: [0, 1, -1, 0.5, -0.5, 1.5, -2, Number.NaN] }),
  acos: curve({ domain: between(-1, 1), corners: [0, 1, -1, 0.5, -0.5, 1.5, -2, Number.NaN] }),
  atan: curve({ domain: between(-9, 9) }),
  asinh: curve({ domain: between(-9, 9), corners: [0, 1, -1, 0.5, -0.5, 100, -100, 1e4, -1e4, ...NOT_FINITE] }),
  acosh: curve({ domain: between(1, 20), corners: [1, 1.5, 2, 100, 1e4, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY] }),
  atanh: curve({ domain: between(-0.95, 0.95), corners: [0, 0.5, -0.5, 0.99, -0.99, 1, -1, 2, Number.NaN] }),
  sigmoid: curve({ domain: between(-8, 8) }),
  softplus: curve({ domain: between(-8, 8) }),
  softsign: curve({ domain: between(-8, 8), corners: [0, 1, -1, 0.5, 1e8, -1e8, 1e30, Number.NaN] }),
  hardSwish: curve({
    domain: between(-5, 5),
    corners: [0, 1, -1, 3, -3, 2.9999, -2.9999, 1e8, -1e8, Number.NaN, Number.POSITIVE_INFINITY],
  }),
  selu: curve({ domain: between(-5, 5) }),
  logicalNot: unary({ types: ['bool'] }),
  isNaN: unary({ domain: (random) => (random() < 0.3 ? Number.NaN : random()) }),
  isInfinite: unary({ domain: (random) => (random() < 0.3 ? Number.NEGATIVE_INFINITY : random()) }),
  elu: curve({ domain: between(-5, 5), attributes: alphas }),
  leakyRelu: unary({ attributes: alphas }),
  hardSigmoid: curve({
    domain: between(-5, 5),
    corners: withoutNaN(CURVE),
    attributes: [
      { alpha: 0.2, beta: 0.5 },
      { alpha: 1 / 6, beta: 0.5 },
      { alpha: -1, beta: 0 },
    ],
  }),
  linear: unary({
    attributes: [
      { alpha: 2, beta: -1 },
      { alpha: -0.3, beta: 0 },
      { alpha: 1, beta: 5 },
    ],
    corners: [0, 1, -1, 1e8, -1e8, ...NOT_FINITE],
  }),
  gelu: curve({ domain: between(-4, 4), attributes: [{ approximation: 'none' }, { approximation: 'tanh' }] }),
  clamp: unary({
    types: NUMBERS,
    corners: withoutNaN(CORNERS.float32),
    domain: between(-9, 9),
    attributes: [
      { min: 0, max: 6 },
      { min: -1, max: 1 },
      { min: -3, max: Number.POSITIVE_INFINITY },
      { min: Number.NEGATIVE_INFINITY, max: 2 },
      { min: 1, max: 1 },
    ],
  }),
};

/** What an op of whole numbers cannot give stays out: -2^31 has no absolute value. */
const wholeCorners = CORNERS.int32.filter((value) => value !== -(2 ** 31));

function casesOfUnary<Name extends OpName>(op: Name, { types, attributes, domain, corners }: Unary<Name>): CaseList {
  const list = new CaseList(op);
  for (const dataType of types) {
    const draw = dataType === 'float32' ? domain : ordinary[dataType];
    const cornersHere = dataType === 'float32' ? corners : dataType === 'int32' ? wholeCorners : [0, 1];
    let count = 0;
    const add = (text: string, shape: readonly number[], values: Draw, open = false): void => {
      const chosen = attributes[count++ % attributes.length] as OpAttributes[Name];
      const told = Object.values(chosen as object).join(' ');
      list.add([text, told, shown(shape)].filter(Boolean).join(' '), { dataType }, (builder) => [
        builder.op(op, [builder.input(dataType, shape, values, open)], chosen),
      ]);
    };
    for (const shape of [...SHAPES, ...EMPTY, LARGE]) add('', shape, draw);
    // All corners meet each of the op's attributes.
    for (const _ of attributes) add('corners', [9, 5], each(cornersHere));
    for (const shape of [[40], [2, 3, 3, 2]]) add('corners', shape, each(cornersHere));
    for (const offset of [1, 2, 3]) add(`corners from ${offset}`, [17], each(cornersHere, offset));
    for (const batch of [1, 3]) add('open', [batch, 5], draw, true);
  }
  return list;
}

/** Cases of casts between each two types. */
function castCases(): CaseList {
  const list = new CaseList('cast');
  const large = (random: () => number) => (random() - 0.5) * 1e10;
  const draws = { float32: between(-300, 300), int32: wholes(-300, 300), bool: flags } as const;
  for (const from of ANY) {
    for (const to of ANY) {
      const add = (text: string, shape: readonly number[], values: Draw, open = false): void =>
        list.add(`to ${to} ${text}${shown(shape)}`, { dataType: from }, (builder) => [
          builder.op('cast', [builder.input(from, shape, values, open)], { to }),
        ]);
      for (const shape of [...SHAPES, ...EMPTY, LARGE]) add('', shape, draws[from]);
      // An engine may give any whole number for NaN.
      const corners = from === 'float32' && to === 'int32' ? withoutNaN(CORNERS[from]) : CORNERS[from];
      for (const shape of [[9, 5], [40]]) add('corners ', shape, each(corners));
      if (from === 'float32') {
        add('finite corners ', [40], each(FLOAT_CORNERS));
        add('large ', [17], large);
      }
      if (from === 'int32') add('multiples of 256 ', [17], (random) => 256 * Math.floor(random() * 9));
      for (const batch of [1, 3]) add('open ', [batch, 5], draws[from], true);
    }
  }
  return list;
}

export const unaryCases = (): readonly CaseList[] => [
  ...Object.entries(UNARY).map(([op, given]) => casesOfUnary(op as OpName, given as Unary<OpName>)),
  castCases(),
];
