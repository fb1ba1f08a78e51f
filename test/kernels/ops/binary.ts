/** Cases of the ops that broadcast two or three inputs against each other. */
import type { OpName } from '../../../src/graph/ops/index.js';
import { type CaseBuilder, CaseList, shown } from '../case.js';
import { LARGE, PAIRS } from '../shapes.js';
import { between, type CaseType, CORNERS, type Draw, each, FLOAT_CORNERS, flags, normal, ordinary, ties, wholes } from '../values.js';

type Pair = readonly [a: number, b: number];

/** What one op takes: the values of both sides, and pairs at its corners. */
interface Binary {
  readonly values: Partial<Readonly<Record<CaseType, readonly [a: Draw, b: Draw]>>>;
  readonly corners: (dataType: CaseType) => readonly Pair[];
}

const pairsOf = (left: readonly number[], right: readonly number[]): readonly Pair[] => left.flatMap((a) => right.map((b): Pair => [a, b]));

const isInt32 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;

/** All pairs of corners; of whole numbers those whose result is one of int32, as `result` computes it. */
const corners =
  (result: (a: number, b: number) => number, floats: readonly number[] = CORNERS.float32) =>
  (dataType: CaseType): readonly Pair[] => {
    if (dataType !== 'int32') return pairsOf(dataType === 'float32' ? floats : [0, 1], dataType === 'float32' ? floats : [0, 1]);
    const wholes = [...CORNERS.int32, 46_340, -3];
    return pairsOf(wholes, wholes).filter(([a, b]) => isInt32(result(a, b)));
  };

const both = (draw: Draw): readonly [Draw, Draw] => [draw, draw];
const notZero: Draw = (random) => (1 + Math.floor(random() * 9)) * (random() < 0.5 ? -1 : 1);
const NUMBERS = { float32: both(normal), int32: both(wholes(-9, 9)) };
const DIVISION = { float32: [normal, between(0.3, 4)], int32: [wholes(-99, 99), notZero] } as const;
const COMPARED = { float32: both(ties.float32), int32: both(ties.int32) };
const ANY_COMPARED = { ...COMPARED, bool: both(flags) };
const FLAGS = { bool: both(flags) };
const comparison = { values: COMPARED, corners: corners(() => 0) };
const any = { values: ANY_COMPARED, corners: corners(() => 0) };
const logical = { values: FLAGS, corners: corners(() => 0) };
const NUMBERS_ALONE = CORNERS.float32.filter((value) => !Number.isNaN(value));
const moderate = [0.5, -0.5, 1, -1, 2.5, -2.5, 7, -7, 1e4, -1e4, 0.1, -0.1, 0, 3] as const;

const BINARY: { readonly [Name in OpName]?: Binary } = {
  add: { values: NUMBERS, corners: corners((a, b) => a + b) },
  sub: { values: NUMBERS, corners: corners((a, b) => a - b) },
  mul: { values: NUMBERS, corners: corners((a, b) => a * b) },
  div: { values: DIVISION, corners: corners((a, b) => (b === 0 ? Number.NaN : Math.trunc(a / b))) },
  floorDiv: {
    values: { float32: [between(-20, 20), between(0.7, 4)], int32: DIVISION.int32 },
    corners: (dataType) =>
      dataType === 'int32'
        ? corners((a, b) => (b === 0 ? Number.NaN : Math.floor(a / b)))(dataType)
        : pairsOf(moderate, [0.5, -0.5, 2, -2, 1, -1, 3, -3]),
  },
  mod: {
    values: { float32: [between(-20, 20), between(0.7, 4)], int32: DIVISION.int32 },
    corners: (dataType) =>
      dataType === 'int32'
        ? corners((a, b) => (b === 0 || b === -1 ? Number.NaN : a - Math.floor(a / b) * b))(dataType)
        : pairsOf(moderate, [0.5, -0.5, 2, -2, 1, -1, 3, -3]),
  },
  // For NaN and a number, an engine may answer the number.
  max: { values: NUMBERS, corners: corners(() => 0, NUMBERS_ALONE) },
  min: { values: NUMBERS, corners: corners(() => 0, NUMBERS_ALONE) },
  pow: {
    values: { float32: [between(0.1, 4), between(-3, 3)], int32: [wholes(-9, 9), wholes(0, 5)] },
    corners: (dataType) =>
      dataType === 'int32'
        ? [
            ...pairsOf([2, -2, 1, -1, 3, 10], [-1, -2, 0, 1, 3]),
            ...pairsOf([3], [17, 18, 19]),
            ...pairsOf([-3], [17, 18, 19]),
            ...pairsOf([2, -2], [24, 25, 29, 30]),
            ...pairsOf([0], [0, 1, 2]),
          ]
        : pairsOf([0, 1, -1, 2, -2, 0.5, -0.5, 3], [0, 1, 2, 3, -1, -2, 0.5, 4]).filter(([a, b]) => a !== 0 || b >= 0),
  },
  squaredDifference: { values: NUMBERS, corners: corners((a, b) => (a - b) ** 2) },
  atan2: { values: { float32: both(normal) }, corners: () => pairsOf(moderate, moderate).filter(([a, b]) => a !== 0 || b !== 0) },
  bitwiseAnd: { values: { int32: both(wholes(-300, 300)) }, corners: corners(() => 0) },
  equal: any,
  notEqual: any,
  greater: comparison,
  greaterOrEqual: comparison,
  lesser: comparison,
  lesserOrEqual: comparison,
  logicalAnd: logical,
  logicalOr: logical,
  logicalXor: logical,
};

function casesOfBinary(op: OpName, { values, corners }: Binary): CaseList {
  const list = new CaseList(op);
  for (const [dataType, [left, right]] of Object.entries(values) as [CaseType, readonly [Draw, Draw]][]) {
    const build = (builder: CaseBuilder, a: ReturnType<CaseBuilder['input']>, b: typeof a) => [builder.op(op as 'add', [a, b], {})];
    for (const [index, [a, b]] of PAIRS.entries()) {
      // Weights stand on either side in turn.
      const fixed = index % 3;
      const text = `${shown(a)}${fixed === 1 ? ' (constant)' : ''} ${shown(b)}${fixed === 2 ? ' (constant)' : ''}`;
      list.add(text, { dataType }, (builder) =>
        build(builder, builder.either(fixed === 1, dataType, a, left), builder.either(fixed === 2, dataType, b, right)),
      );
    }
    for (const [a, b] of [
      [LARGE, LARGE],
      [LARGE, [401]],
      [[3, 1], LARGE],
      [[0, 4], [4]],
      [[0], [1]],
    ] as const)
      list.add(`${shown(a)} ${shown(b)}`, { dataType }, (builder) =>
        build(builder, builder.input(dataType, a, left), builder.input(dataType, b, right)),
      );
    for (const batch of [1, 3])
      list.add(`open ${batch}`, { dataType }, (builder) =>
        build(builder, builder.input(dataType, [batch, 5], left, true), builder.constant(dataType, [5], right)),
      );
    list.add('with itself [3, 7]', { dataType }, (builder) => {
      const x = builder.input(dataType, [3, 7], right);
      return build(builder, x, x);
    });
    addCorners(list, op, dataType, corners(dataType));
  }
  return list;
}

/** Corners against each other: element by element, then each against one number. */
function addCorners(list: CaseList, op: OpName, dataType: CaseType, pairs: readonly Pair[]): void {
  const parts = Math.min(4, Math.ceil(pairs.length / 16));
  for (let part = 0; part < parts; part++) {
    const here = pairs.filter((_, index) => index % parts === part);
    const [lefts, rights] = [here.map(([a]) => a), here.map(([, b]) => b)];
    list.add(`corners ${part + 1} of ${parts}`, { dataType }, (builder) => [
      builder.op(
        op as 'add',
        [builder.input(dataType, [here.length], each(lefts)), builder.input(dataType, [here.length], each(rights))],
        {},
      ),
    ]);
  }
  for (const chosen of new Set(pairs.map(([, b]) => b).slice(0, 4))) {
    const lefts = pairs.filter(([, b]) => Object.is(b, chosen)).map(([a]) => a);
    list.add(`corners and ${Object.is(chosen, -0) ? '-0' : chosen}`, { dataType }, (builder) => [
      builder.op(op as 'add', [builder.input(dataType, [lefts.length, 1], each(lefts)), builder.constant(dataType, [], () => chosen)], {}),
    ]);
  }
}

/** A slope for each channel, or for each element. */
function preluCases(): CaseList {
  const list = new CaseList('prelu');
  const slopes: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[5], [5]],
    [[40], [1]],
    [[2, 3], [3]],
    [
      [2, 3],
      [1, 3],
    ],
    [[17, 3], []],
    [
      [2, 7, 7, 3],
      [1, 1, 3],
    ],
    [[2, 7, 7, 3], [3]],
    [
      [1, 5, 5, 8],
      [5, 5, 8],
    ],
    [
      [3, 4, 4, 2],
      [1, 1, 1, 2],
    ],
    [
      [2, 1, 3, 2, 5],
      [2, 5],
    ],
    [
      [1, 2, 1, 3, 2, 2],
      [3, 1, 2],
    ],
    [LARGE, [401]],
    [[0, 4], [4]],
  ];
  for (const [shape, slope] of slopes) {
    for (const fixed of [true, false])
      list.add(`${shown(shape)} ${shown(slope)}${fixed ? ' (constant)' : ''}`, { dataType: 'float32' }, (builder) => [
        builder.op('prelu', [builder.input('float32', shape, normal), builder.either(fixed, 'float32', slope, normal)], {}),
      ]);
  }
  list.add('corners', { dataType: 'float32' }, (builder) => [
    builder.op('prelu', [builder.input('float32', [20], each(FLOAT_CORNERS)), builder.constant('float32', [], () => 0.25)], {}),
  ]);
  return list;
}

/** A condition against two sides, each broadcast. */
function whereCases(): CaseList {
  const list = new CaseList('where');
  const shapes: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
    [[], [], []],
    [[5], [5], [5]],
    [[40], [], []],
    [[], [3, 4], [3, 4]],
    [[3], [3], [1]],
    [
      [7, 8],
      [7, 8],
      [7, 8],
    ],
    [
      [3, 1],
      [3, 4],
      [3, 4],
    ],
    [[4], [3, 4], [3, 4]],
    [
      [3, 1],
      [3, 4],
      [1, 1],
    ],
    [
      [1, 1, 5],
      [2, 3, 1],
      [3, 5],
    ],
    [[2, 3, 4, 5], [5], [2, 3, 4, 5]],
    [
      [1, 2, 1, 2],
      [3, 1, 4, 1],
      [3, 2, 4, 2],
    ],
    [
      [2, 1, 3, 2, 5],
      [2, 1, 3, 2, 5],
      [2, 1, 3, 2, 5],
    ],
    [[1, 2, 1, 3, 2, 2], [2, 2], []],
    [LARGE, LARGE, LARGE],
    [[0, 4], [4], []],
  ];
  for (const dataType of ['float32', 'int32', 'bool'] as const) {
    for (const [condition, a, b] of shapes)
      for (const fixed of [false, true])
        list.add(`${[condition, a, b].map(shown).join(' ')}${fixed ? ' (b constant)' : ''}`, { dataType }, (builder) => [
          builder.op(
            'where',
            [
              builder.input('bool', condition, flags),
              builder.input(dataType, a, ordinary[dataType]),
              builder.either(fixed, dataType, b, ordinary[dataType]),
            ],
            {},
          ),
        ]);
    list.add('corners', { dataType }, (builder) => [
      builder.op(
        'where',
        [
          builder.input('bool', [40], flags),
          builder.input(dataType, [40], each(CORNERS[dataType])),
          builder.input(dataType, [40], each(CORNERS[dataType], 1)),
        ],
        {},
      ),
    ]);
    for (const batch of [1, 3])
      list.add(`open ${batch}`, { dataType }, (builder) => [
        builder.op(
          'where',
          [
            builder.input('bool', [batch, 5], flags, true),
            builder.input(dataType, [batch, 5], ordinary[dataType], true),
            builder.constant(dataType, [5], ordinary[dataType]),
          ],
          {},
        ),
      ]);
  }
  return list;
}

export const binaryCases = (): readonly CaseList[] => [
  ...Object.entries(BINARY).map(([op, given]) => casesOfBinary(op as OpName, given as Binary)),
  preluCases(),
  whereCases(),
];
