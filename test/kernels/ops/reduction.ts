/** Cases of the ops that combine elements along axes. */
import { sizeOf } from '../../../src/base/dtype.js';
import type { OpName } from '../../../src/graph/ops/index.js';
import { CaseList, shown } from '../case.js';
import { between, type CaseType, type Draw, each, normal, ties, wholes } from '../values.js';

/** Shapes, and the axes that they are reduced along. */
const REDUCED: readonly (readonly [shape: readonly number[], axes: readonly number[]])[] = [
  [[], []],
  [[1], [0]],
  [[5], [0]],
  [[17], [0]],
  [[40], [0]],
  [[40], []],
  [[2, 3], [0]],
  [[2, 3], [1]],
  [
    [7, 8],
    [0, 1],
  ],
  [[17, 3], [0]],
  [[3, 40], [1]],
  [[2, 3, 4], [1]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [5, 2, 8],
    [1, 2],
  ],
  [
    [2, 7, 7, 3],
    [1, 2],
  ],
  [[2, 7, 7, 3], [3]],
  [
    [1, 3, 2, 4],
    [0, 1, 2, 3],
  ],
  [
    [3, 1, 5, 2],
    [0, 3],
  ],
  [
    [2, 1, 3, 2, 5],
    [2, 4],
  ],
  [[2, 1, 3, 2, 5], [1]],
  [
    [1, 2, 1, 3, 2, 2],
    [1, 3, 5],
  ],
  [
    [2, 3, 1, 2, 1, 3],
    [0, 1, 2, 3, 4, 5],
  ],
  [[3, 401], [1]],
  [[401, 3], [0]],
  [
    [5, 3],
    [1, 0],
  ],
];

interface Reduction {
  readonly values: Partial<Readonly<Record<CaseType, Draw>>>;
  /** Values at corners. */
  readonly corners: Partial<Readonly<Record<CaseType, readonly number[]>>>;
}

const LARGE_INTS = [100_000_001, -100_000_003, 16_777_217, 16_777_219, -5, 3, 200_000_003] as const;
const NUMBERS = { float32: normal, int32: wholes(-99, 99) };
const INFINITE = [1, Number.POSITIVE_INFINITY, -2, 3, 0.5] as const;

const REDUCTIONS: { readonly [Name in OpName]?: Reduction } = {
  reduceSum: { values: NUMBERS, corners: { float32: INFINITE, int32: LARGE_INTS } },
  reduceMean: { values: NUMBERS, corners: { float32: INFINITE, int32: LARGE_INTS } },
  reduceProduct: {
    values: { float32: (random) => (0.9 + random() / 5) * (random() < 0.5 ? -1 : 1), int32: (random) => Math.floor(random() * 2) * 2 - 1 },
    corners: { float32: INFINITE, int32: [16_777_217, -3, 1, 1, -1] },
  },
  reduceMax: { values: NUMBERS, corners: { float32: INFINITE.map((value) => -value), int32: [...LARGE_INTS, -(2 ** 31), 2 ** 31 - 1] } },
  reduceMin: { values: NUMBERS, corners: { float32: INFINITE, int32: [...LARGE_INTS, -(2 ** 31), 2 ** 31 - 1] } },
  reduceL1: { values: NUMBERS, corners: { float32: INFINITE, int32: LARGE_INTS } },
  reduceL2: { values: { float32: normal }, corners: { float32: [3e3, -4e3, 0, 1] } },
  reduceSumSquare: { values: NUMBERS, corners: { float32: INFINITE, int32: [4_099, -5_003, 7] } },
  reduceLogSum: { values: { float32: between(0.01, 3) }, corners: { float32: [1e-3, 50, 7] } },
  reduceLogSumExp: { values: { float32: normal }, corners: { float32: [90, -90, 88.5, 0, 100] } },
  reduceAll: { values: { bool: (random) => Number(random() < 0.9) }, corners: { bool: [1] } },
  reduceAny: { values: { bool: (random) => Number(random() < 0.1) }, corners: { bool: [0] } },
};

function casesOfReduction(op: OpName, { values, corners }: Reduction): CaseList {
  const list = new CaseList(op);
  for (const [dataType, draw] of Object.entries(values) as [CaseType, Draw][]) {
    const add = (
      text: string,
      shape: readonly number[],
      axes: readonly number[],
      keepDimensions: boolean,
      drawn: Draw,
      open = false,
    ): void => {
      const told = `${text}${shown(shape)} along ${shown(axes)}${keepDimensions ? ' kept' : ''}`;
      const terms = sizeOf(axes.map((axis) => shape[axis] as number));
      list.add(told, { dataType, terms }, (builder) => [
        builder.op(op as 'reduceSum', [builder.input(dataType, shape, drawn, open)], { axes, keepDimensions }),
      ]);
    };
    for (const [index, [shape, axes]] of REDUCED.entries()) {
      add('', shape, axes, index % 2 === 1, draw);
      if (index % 3 === 0) add('', shape, axes, index % 2 === 0, draw);
    }
    const cornersHere = corners[dataType] as readonly number[];
    add('corners ', [cornersHere.length], [0], false, each(cornersHere));
    add('corners ', [3, cornersHere.length], [1], false, each(cornersHere));
    add('corners ', [cornersHere.length, 2, 2], [0], true, (_, index) => cornersHere[Math.floor(index / 4)] as number);
    if (dataType === 'float32' && op !== 'reduceLogSum' && op !== 'reduceLogSumExp')
      add('NaN ', [5, 3], [0], false, each([1, 2, Number.NaN, 3, 4, 0.5]));
    for (const batch of [1, 3]) add('open ', [batch, 4, 5], [1, 2], batch === 3, draw, true);
    for (const batch of [1, 3]) add('open batch ', [batch, 5], [0], false, draw, true);
    if (op === 'reduceSum') add('no elements ', [3, 0], [1], false, draw);
  }
  return list;
}

/** Shapes, each along one of its axes. */
const ALONG: readonly (readonly [shape: readonly number[], axis: number])[] = [
  [[1], 0],
  [[5], 0],
  [[17], 0],
  [[40], 0],
  [[2, 3], 0],
  [[2, 3], 1],
  [[7, 8], 0],
  [[7, 8], 1],
  [[17, 3], 0],
  [[3, 40], 1],
  [[2, 3, 4], 0],
  [[2, 3, 4], 1],
  [[5, 2, 8], 2],
  [[2, 7, 7, 3], 1],
  [[2, 7, 7, 3], 3],
  [[3, 1, 5, 2], 2],
  [[3, 1, 5, 2], 1],
  [[2, 1, 3, 2, 5], 4],
  [[2, 1, 3, 2, 5], 2],
  [[1, 2, 1, 3, 2, 2], 3],
  [[2, 3, 1, 2, 1, 3], 5],
  [[3, 401], 1],
  [[401, 3], 0],
];

function placeCases(op: 'argMax' | 'argMin'): CaseList {
  const list = new CaseList(op);
  const ends = { float32: [1, Number.NEGATIVE_INFINITY, 5, Number.POSITIVE_INFINITY, 2], int32: LARGE_INTS } as const;
  for (const dataType of ['float32', 'int32'] as const) {
    const add = (text: string, shape: readonly number[], axis: number, keepDimensions: boolean, draw: Draw, open = false): void =>
      list.add(`${text}${shown(shape)} along ${axis}${keepDimensions ? ' kept' : ''}`, { dataType }, (builder) => [
        builder.op(op, [builder.input(dataType, shape, draw, open)], { axis, keepDimensions, outputDataType: 'int32' }),
      ]);
    for (const [index, [shape, axis]] of ALONG.entries()) {
      add('', shape, axis, index % 2 === 1, NUMBERS[dataType]);
      add('ties ', shape, axis, index % 4 > 1, ties[dataType]);
    }
    add('corners ', [ends[dataType].length], 0, false, each(ends[dataType]));
    add('corners ', [3, ends[dataType].length], 1, true, each(ends[dataType]));
    add('all equal ', [40], 0, false, () => -3);
    for (const batch of [1, 3]) add('open ', [batch, 5], 1, false, NUMBERS[dataType], true);
  }
  return list;
}

function runningCases(op: 'cumulativeSum' | 'cumulativeProduct'): CaseList {
  const list = new CaseList(op);
  const values =
    op === 'cumulativeSum' ? NUMBERS : { float32: between(0.6, 1.4), int32: (random: () => number) => (random() < 0.8 ? 1 : -2) };
  for (const dataType of ['float32', 'int32'] as const) {
    const add = (text: string, shape: readonly number[], axis: number, kind: number, draw: Draw, open = false): void => {
      const [exclusive, reversed] = [kind % 2 === 1, kind > 1];
      const told = `${text}${shown(shape)} along ${axis}${exclusive ? ' exclusive' : ''}${reversed ? ' reversed' : ''}`;
      list.add(told, { dataType, terms: shape[axis] as number }, (builder) => [
        builder.op(op, [builder.input(dataType, shape, draw, open)], { axis, exclusive, reversed }),
      ]);
    };
    // Products of long rows of whole numbers leave int32.
    const shapes = ALONG.filter(([shape, axis]) => op === 'cumulativeSum' || (shape[axis] as number) < 401);
    for (const [index, [shape, axis]] of shapes.entries()) add('', shape, axis, index % 4, values[dataType]);
    for (const kind of [0, 1, 2, 3]) add('all ways ', [3, 5], kind % 2 === 0 ? 1 : 0, kind, values[dataType]);
    if (op === 'cumulativeSum' && dataType === 'int32') add('large ', [7], 0, 0, each(LARGE_INTS));
    for (const batch of [1, 3]) add('open ', [batch, 5], 1, batch, values[dataType], true);
  }
  return list;
}

function softmaxCases(op: 'softmax' | 'logSoftmax'): CaseList {
  const list = new CaseList(op);
  const add = (text: string, shape: readonly number[], axis: number, draw: Draw, open = false): void =>
    list.add(`${text}${shown(shape)} along ${axis}`, { dataType: 'float32', terms: shape[axis] as number }, (builder) => [
      builder.op(op, [builder.input('float32', shape, draw, open)], { axis }),
    ]);
  for (const [shape, axis] of ALONG) add('', shape, axis, between(-4, 4));
  add('large ', [3, 8], 1, between(-300, 300));
  add('far below 0 ', [2, 5], 1, between(-1e4, -9e3));
  add('equal ', [2, 17], 1, () => 100);
  // A mask takes places out by an infinity.
  add('masked ', [3, 8], 1, (random, index) => (index % 8 > 4 ? Number.NEGATIVE_INFINITY : random()));
  for (const batch of [1, 3]) add('open ', [batch, 5], 1, normal, true);
  return list;
}

export const reductionCases = (): readonly CaseList[] => [
  ...Object.entries(REDUCTIONS).map(([op, given]) => casesOfReduction(op as OpName, given as Reduction)),
  placeCases('argMax'),
  placeCases('argMin'),
  runningCases('cumulativeSum'),
  runningCases('cumulativeProduct'),
  softmaxCases('softmax'),
  softmaxCases('logSoftmax'),
];
