/** Cases of the ops that move elements and compute nothing, for each element type. */
import type { OpAttributes, OpName } from '../../../src/graph/ops/index.js';
import { add, multiply, openSize, type Size, sizeText } from '../../../src/graph/size.js';
import { CaseList, shown } from '../case.js';
import { rows } from '../rows.js';
import { type CaseType, CORNERS, each, ordinary } from '../values.js';

/** A shape, and the attributes with which an op takes it. With `open`, the first size is the open size `batch`. */
interface Move<Name extends OpName> {
  readonly shape: readonly number[];
  readonly attributes: OpAttributes[Name];
  readonly open?: boolean;
}

type List = readonly number[];

const TYPES: readonly CaseType[] = ['float32', 'int32', 'bool'];
const batch = openSize('batch');

const told = (attributes: object): string =>
  Object.values(attributes)
    .map((value) => (Array.isArray(value) ? `[${value.map((item: Size) => sizeText(item)).join(', ')}]` : String(value)))
    .join(' ');

/** Adds to a list of cases, for each element type. */
function addMoves<Name extends OpName>(list: CaseList, op: Name, moves: readonly Move<Name>[], types = TYPES): CaseList {
  for (const dataType of types) {
    for (const [index, { shape, attributes, open = false }] of moves.entries()) {
      // Every third tensor holds the corners of its type, which moving must not touch.
      const draw = index % 3 === 2 ? each(CORNERS[dataType], index) : ordinary[dataType];
      list.add(`${shown(shape)}${open ? ' open' : ''} ${told(attributes)}`, { dataType }, (builder) =>
        builder.ops(op, [builder.input(dataType, shape, draw, open)], attributes),
      );
    }
  }
  return list;
}

const casesOf = <Name extends OpName>(op: Name, moves: readonly Move<Name>[]): CaseList => addMoves(new CaseList(op), op, moves);

const SIZES = [1, 3] as const;

const RESHAPES = rows(`
                |
                | 1
  1             |
  1 1 1         | 1
  40            | 5 8
  5 8           | 40
  2 3 4         | 4 3 2
  2 3 4         | 6 4
  17 3          | 1 17 1 3
  2 7 7 3       | 2 147
  2 1 3 2 5     | 6 10
  6 10          | 1 2 3 1 2 5
  1 2 1 3 2 2   | 2 3 4
  0 4           | 2 0
  3 401         | 1203
`) as readonly (readonly [List, List])[];

const reshapes: readonly Move<'reshape'>[] = [
  ...RESHAPES.map(([shape, newShape]) => ({ shape, attributes: { newShape } })),
  ...SIZES.flatMap((size) => [
    { shape: [size, 4, 5], attributes: { newShape: [batch, 20] }, open: true },
    { shape: [size, 6], attributes: { newShape: [multiply(batch, 2), 3] }, open: true },
    { shape: [size, 6], attributes: { newShape: [1, batch, 6] }, open: true },
  ]),
];

const PERMUTATIONS = rows(`
                |
  5             | 0
  2 3           | 1 0
  2 3           | 0 1
  17 8          | 1 0
  1 40          | 1 0
  2 3 4         | 0 2 1
  2 3 4         | 2 0 1
  2 3 4         | 1 2 0
  5 2 8         | 2 1 0
  5 1 8         | 1 0 2
  2 7 5 3       | 0 3 1 2
  2 3 7 5       | 0 2 3 1
  2 3 4 5       | 3 2 1 0
  2 3 4 5       | 0 2 1 3
  1 3 1 5       | 2 3 0 1
  2 1 3 2 5     | 0 3 1 4 2
  2 1 3 2 5     | 4 3 2 1 0
  1 2 1 3 2 2   | 0 2 4 1 3 5
  2 3 2 2 1 3   | 5 0 3 1 4 2
  2 3 2 2 1 3   | 0 1 2 3 5 4
  0 4           | 1 0
  3 401         | 1 0
  4 17 20       | 0 2 1
`) as readonly (readonly [List, List])[];

const transposes: readonly Move<'transpose'>[] = [
  ...PERMUTATIONS.map(([shape, permutation]) => ({ shape, attributes: { permutation } })),
  ...SIZES.map((size) => ({ shape: [size, 4, 5, 3], attributes: { permutation: [0, 3, 1, 2] }, open: true })),
];

const EXPANSIONS = rows(`
              |
              | 5
  1           | 17
  5           | 5
  3           | 4 3
  3 1         | 3 8
  1 7         | 5 7
  1 1         | 2 3
  2 1 3       | 2 5 3
  4 1         | 2 4 3
  1 3 1 2     | 2 3 5 2
  2           | 2 3 4 2
  2 1 3 1 2   | 2 2 3 2 2
  1 2 1 3 2 1 | 2 2 1 3 2 2
  1           | 1201
`) as readonly (readonly [List, List])[];

const expansions: readonly Move<'expand'>[] = [
  ...EXPANSIONS.map(([shape, newShape]) => ({ shape, attributes: { newShape } })),
  ...SIZES.map((size) => ({ shape: [size, 1, 5], attributes: { newShape: [batch, 4, 5] }, open: true })),
  ...SIZES.flatMap((size) => [
    { shape: [size, 1, 5], attributes: { newShape: [3, 4, 5] }, open: true },
    { shape: [size, 1, 5], attributes: { newShape: [2, 2, 3, 4, 5] }, open: true },
  ]),
];

/** Shapes, starts, sizes, strides. */
const SLICES = rows(`
              |             |             |
  5           | 0           | 5           | 1
  5           | 2           | 2           | 1
  40          | 3           | 20          | 1
  6           | 0           | 6           | 2
  7           | 1           | 6           | 3
  7           | 6           | 7           | -1
  7           | 5           | 5           | -2
  40          | 39          | 40          | -3
  5           | 5           | 0           | 1
  2 3         | 1 0         | 1 3         | 1 1
  7 8         | 2 1         | 4 6         | 1 2
  7 8         | 0 7         | 7 8         | 1 -1
  17 3        | 16 0        | 17 2        | -4 1
  2 3 4       | 0 1 1       | 2 2 3       | 1 1 1
  5 2 8       | 4 1 7       | 5 2 8       | -1 -1 -1
  5 2 8       | 0 0 2       | 5 2 5       | 2 1 2
  2 7 7 3     | 0 1 1 0     | 2 5 5 3     | 1 2 2 1
  2 7 7 3     | 1 0 3 1     | 1 7 4 2     | 1 1 1 1
  2 1 3 2 5   | 0 0 1 0 2   | 2 1 2 2 3   | 1 1 1 1 1
  2 1 3 2 5   | 1 0 2 1 4   | 2 1 3 2 5   | -1 1 -2 -1 -2
  1 2 1 3 2 2 | 0 1 0 1 0 1 | 1 1 1 2 2 1 | 1 1 1 1 1 1
  2 3 1 2 1 3 | 0 0 0 0 0 2 | 2 3 1 2 1 3 | 1 2 1 1 1 -1
  3 401       | 0 1         | 3 400       | 1 1
`) as readonly (readonly [List, List, List, List])[];

const slices: readonly Move<'slice'>[] = [
  ...SLICES.map(([shape, starts, sizes, strides]) => ({ shape, attributes: { starts, sizes, strides } })),
  ...SIZES.flatMap((size) => [
    { shape: [size, 7], attributes: { starts: [0, 2], sizes: [batch, 5], strides: [1, 2] }, open: true },
    { shape: [size, 7], attributes: { starts: [add(batch, -1), 0], sizes: [batch, 7], strides: [-1, 1] }, open: true },
  ]),
];

/** Shapes, the axis, the parts. */
const SPLITS = rows(`
  4           | 0 | 2 2
  40          | 0 | 8 8 8 8 8
  17          | 0 | 3 1 13
  2 6         | 1 | 3 3
  2 6         | 1 | 1 2 3
  7 8         | 0 | 5 2
  2 3 4       | 1 | 1 1 1
  2 3 4       | 2 | 3 1
  2 7 7 6     | 3 | 2 2 2
  2 7 7 6     | 1 | 3 4
  2 1 3 2 5   | 4 | 1 4
  2 1 4 2 5   | 2 | 2 2
  1 2 1 3 2 2 | 3 | 1 2
  5           | 0 | 5
  5           | 0 | 0 5
  3 402       | 1 | 201 201
`) as readonly (readonly [List, readonly [number], List])[];

const splits = [
  ...SPLITS.map(([shape, [axis], parts]): Move<'split'> => ({ shape, attributes: { axis, splits: parts } })),
  ...SIZES.map((size): Move<'split'> => ({ shape: [size, 6], attributes: { axis: 1, splits: [2, 4] }, open: true })),
];

/** Shapes, what comes before, what comes behind. */
const PADS = rows(`
  5           | 2           | 1
  40          | 0           | 7
  3           | 0           | 0
  2 3         | 1 0         | 0 2
  7 8         | 3 2         | 1 5
  2 3 4       | 0 1 2       | 1 0 3
  2 7 7 3     | 0 1 1 0     | 0 1 1 0
  2 5 6 3     | 0 0 1 0     | 0 1 2 0
  2 5 6 3     | 1 2 0 1     | 0 3 1 2
  2 2 3 2 5   | 0 1 0 1 2   | 0 0 1 0 1
  2 3 2 2 2 3 | 0 1 0 1 0 2 | 1 0 0 0 1 1
  3 401       | 1 2         | 0 3
`) as readonly (readonly [List, List, List])[];

type PadMode = OpAttributes['pad']['mode'];

const padded = (mode: PadMode, value: number, from = 0, to = PADS.length): readonly Move<'pad'>[] =>
  PADS.slice(from, to).map(([shape, beginning, ending]) => ({ shape, attributes: { beginning, ending, mode, value } }));

/** Whether an axis is long enough to be mirrored. */
const isMirrored =
  (edge: 0 | 1) =>
  ({ shape, attributes: { beginning, ending } }: Move<'pad'>): boolean =>
    shape.every((size, axis) => size >= Math.max(beginning[axis] as number, ending[axis] as number) + edge);

/** The pads of all types, then those with values that only numbers have, and only floats. */
function padCases(): CaseList {
  const open = (['constant', 'edge', 'reflection', 'symmetric'] as const).flatMap((mode) =>
    SIZES.map((size): Move<'pad'> => {
      const attributes = { beginning: [0, 1, 0, 0], ending: [0, 1, 2, 0], mode, value: 0 };
      return { shape: [size, 4, 4, 2], attributes, open: true };
    }),
  );
  const list = casesOf('pad', [
    ...padded('constant', 0),
    ...padded('edge', 0),
    ...padded('reflection', 0).filter(isMirrored(1)),
    ...padded('symmetric', 0).filter(isMirrored(0)),
    ...padded('constant', 1, 2, 8),
    ...open,
  ]);
  const numbers = [-5, 100].flatMap((value) => padded('constant', value, 3, 8));
  addMoves(list, 'pad', numbers, ['float32', 'int32']);
  const floats = [Number.NEGATIVE_INFINITY, -3.4e38, 0.25].flatMap((value) => padded('constant', value, 5, 8));
  return addMoves(list, 'pad', floats, ['float32']);
}

const TILES = rows(`
              |
  1           | 17
  5           | 1
  5           | 3
  2 3         | 2 1
  2 3         | 1 4
  7 8         | 2 3
  2 3 4       | 1 2 2
  1 2 3 2     | 2 1 3 2
  2 1 3 2 5   | 1 2 1 2 1
  1 2 1 3 2 2 | 2 1 2 1 1 2
  3 101       | 2 3
`) as readonly (readonly [List, List])[];

const tiles: readonly Move<'tile'>[] = [
  ...TILES.map(([shape, repetitions]) => ({ shape, attributes: { repetitions } })),
  ...SIZES.map((size) => ({ shape: [size, 5], attributes: { repetitions: [1, 3] }, open: true })),
];

const REVERSED = rows(`
  1           | 0
  5           | 0
  17          | 0
  40          | 0
  40          |
  2 3         | 0
  2 3         | 1
  7 8         | 0 1
  2 3 4       | 1
  2 3 4       | 0 2
  2 7 7 3     | 1 2
  2 7 7 3     | 3
  2 7 7 3     | 0 1 2 3
  2 1 3 2 5   | 2 4
  1 2 1 3 2 2 | 1 3 5
  3 401       | 1
`) as readonly (readonly [List, List])[];

const reversals: readonly Move<'reverse'>[] = [
  ...REVERSED.map(([shape, axes]) => ({ shape, attributes: { axes } })),
  ...SIZES.map((size) => ({ shape: [size, 5], attributes: { axes: [0, 1] }, open: true })),
];

const triangles: readonly Move<'triangular'>[] = [true, false].flatMap((upper) =>
  [0, 1, -2].flatMap((diagonal) =>
    rows('3 3 | 5 8 | 8 5 | 2 4 4 | 2 2 3 7')
      .flat()
      .map((shape) => ({ shape, attributes: { upper, diagonal } })),
  ),
);

export const movementCases = (): readonly CaseList[] => [
  casesOf('reshape', reshapes),
  casesOf('transpose', transposes),
  casesOf('expand', expansions),
  casesOf('slice', slices),
  casesOf('split', splits),
  padCases(),
  casesOf('tile', tiles),
  casesOf('reverse', reversals),
  casesOf('triangular', triangles),
];
