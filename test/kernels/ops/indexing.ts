/** Cases of the ops that take and put elements by their indices. */
import { CaseList, shown } from '../case.js';
import { rows } from '../rows.js';
import { type CaseType, CORNERS, type Draw, each, normal, oneOf, ordinary, type Random, ties, wholes } from '../values.js';

type List = readonly number[];

const TYPES: readonly CaseType[] = ['float32', 'int32', 'bool'];

/** Every third tensor holds the corners of its type. */
const valuesOf = (dataType: CaseType, index: number): Draw => (index % 3 === 2 ? each(CORNERS[dataType], index) : ordinary[dataType]);

/** Input, indices, axis, batch dimensions. */
const GATHERED = rows(`
  5           |         | 0 | 0
  5           | 3       | 0 | 0
  40          | 17      | 0 | 0
  5           | 2 3     | 0 | 0
  5 3         | 4       | 0 | 0
  5 3         | 4       | 1 | 0
  5 3         |         | 0 | 0
  5 3         |         | 1 | 0
  3 40        | 8       | 1 | 0
  2 3 4       | 5       | 1 | 0
  2 3 4       | 2 2     | 2 | 0
  2 3 4       | 1 1 3   | 0 | 0
  2 7 7 3     | 4       | 3 | 0
  2 7 7 3     | 2       | 1 | 0
  2 5         | 2 3     | 1 | 1
  3 4 2       | 3 5     | 1 | 1
  2 3 4       | 2 3 2   | 2 | 2
  2 3 4       | 2 2     | 2 | 1
  2 1 3 2 5   | 3       | 4 | 0
  1 2 1 3 2 2 | 2       | 3 | 0
  401 3       | 300     | 0 | 0
`) as readonly (readonly [List, List, readonly [number], readonly [number]])[];

function gatherCases(): CaseList {
  const list = new CaseList('gather');
  for (const dataType of TYPES) {
    for (const [index, [shape, indices, [axis], [batchDimensions]]] of GATHERED.entries()) {
      for (const fixed of [true, false]) {
        const told = `${shown(shape)} ${shown(indices)}${fixed ? ' (constant)' : ''} along ${axis}, ${batchDimensions} in step`;
        list.add(told, { dataType }, (builder) => [
          builder.op(
            'gather',
            [
              builder.input(dataType, shape, valuesOf(dataType, index)),
              builder.either(fixed, 'int32', indices, wholes(0, (shape[axis] as number) - 1)),
            ],
            { axis, batchDimensions },
          ),
        ]);
      }
    }
    for (const size of [1, 3])
      list.add(`embedding, open ${size}`, { dataType }, (builder) => [
        builder.op(
          'gather',
          [builder.constant(dataType, [17, 5], ordinary[dataType]), builder.input('int32', [size, 4], wholes(0, 16), true)],
          { axis: 0, batchDimensions: 0 },
        ),
      ]);
  }
  return list;
}

/** Input, indices, axis. */
const GATHERED_ELEMENTS = rows(`
  5         | 3         | 0
  40        | 40        | 0
  3 4       | 3 2       | 1
  3 4       | 5 4       | 0
  3 4       | 2 4       | 0
  2 3 4     | 2 3 6     | 2
  2 3 4     | 2 5 4     | 1
  2 5 3 4   | 2 5 3 1   | 3
  2 1 3 2 5 | 2 1 2 2 5 | 2
`) as readonly (readonly [List, List, readonly [number]])[];

function gatherElementsCases(): CaseList {
  const list = new CaseList('gatherElements');
  for (const dataType of TYPES)
    for (const [index, [shape, indices, [axis]]] of GATHERED_ELEMENTS.entries())
      for (const fixed of [true, false])
        list.add(`${shown(shape)} ${shown(indices)}${fixed ? ' (constant)' : ''} along ${axis}`, { dataType }, (builder) => [
          builder.op(
            'gatherElements',
            [
              builder.input(dataType, shape, valuesOf(dataType, index)),
              builder.either(fixed, 'int32', indices, wholes(0, (shape[axis] as number) - 1)),
            ],
            { axis },
          ),
        ]);
  return list;
}

/** Input, rows of indices, batch dimensions. */
const GATHERED_ND = rows(`
  5         | 3 1     | 0
  5         | 1       | 0
  40        | 2 8 1   | 0
  3 4       | 2 2     | 0
  3 4       | 5 1     | 0
  2 3 4     | 3 3     | 0
  2 3 4     | 3 2     | 0
  2 3 4     | 2 2 1   | 0
  2 3 4     | 2 5 2   | 1
  2 3 4     | 2 1     | 1
  2 3 4     | 2 3 1   | 2
  2 3 2 5   | 4 4     | 0
  2 3 2 5   | 1 3     | 0
  2 1 3 2 5 | 3 4     | 0
`) as readonly (readonly [List, List, readonly [number]])[];

/** Rows of indices that fit the axes from `first` on. */
const rowsWithin =
  (shape: List, depth: number, first: number): Draw =>
  (random, index) =>
    Math.floor(random() * (shape[first + (index % depth)] as number));

function gatherNDCases(): CaseList {
  const list = new CaseList('gatherND');
  for (const dataType of TYPES)
    for (const [index, [shape, indices, [batchDimensions]]] of GATHERED_ND.entries())
      for (const fixed of [true, false])
        list.add(`${shown(shape)} ${shown(indices)}${fixed ? ' (constant)' : ''}, ${batchDimensions} in step`, { dataType }, (builder) => [
          builder.op(
            'gatherND',
            [
              builder.input(dataType, shape, valuesOf(dataType, index)),
              builder.either(fixed, 'int32', indices, rowsWithin(shape, indices.at(-1) as number, batchDimensions)),
            ],
            { batchDimensions },
          ),
        ]);
  return list;
}

type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min';
const REDUCTIONS: readonly Reduction[] = ['none', 'add', 'mul', 'max', 'min'];

/** What can be combined: booleans replace each other alone. */
const reductionsOf = (dataType: CaseType): readonly Reduction[] => (dataType === 'bool' ? ['none'] : REDUCTIONS);

/** Input, rows of indices. */
const SCATTERED_ND = rows(`
  5         | 3 1
  40        | 8 1
  3 4       | 2 2
  5 4       | 3 1
  2 3 4     | 3 3
  2 3 4     | 2 2
  4 3 2     | 2 1
  2 3 2 5   | 4 4
  2 1 3 2 5 | 2 3
  401 3     | 40 1
`) as readonly (readonly [List, List])[];

/** Different places in any order, so that none is written twice. */
function places(random: Random, shape: List, count: number): readonly number[] {
  const all = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index);
  const chosen = Array.from({ length: Math.min(count, all.length) }, () => all.splice(Math.floor(random() * all.length), 1)[0] as number);
  return chosen.flatMap((place) => {
    const row: number[] = [];
    for (const size of shape.toReversed()) {
      row.unshift(place % size);
      place = Math.floor(place / size);
    }
    return row;
  });
}

function scatterNDCases(): CaseList {
  const list = new CaseList('scatterND');
  list.add('the input stays as it is', { dataType: 'float32' }, (builder) => {
    const input = builder.op('neg', [builder.input('float32', [5, 3], normal)], {});
    const indices = builder.constant('int32', [2, 1], each([3, 1]));
    const updates = builder.input('float32', [2, 3], normal);
    return [builder.op('scatterND', [input, indices, updates], { reduction: 'none' }), input];
  });
  for (const dataType of TYPES)
    for (const [shape, indices] of SCATTERED_ND)
      for (const reduction of reductionsOf(dataType))
        for (const fixed of [true, false]) {
          const depth = indices.at(-1) as number;
          const updates = [...indices.slice(0, -1), ...shape.slice(depth)];
          const text = `${shown(shape)} ${shown(indices)} ${reduction}${fixed ? ' (indices constant)' : ''}`;
          list.add(text, { dataType, terms: 8 }, (builder) => {
            const different = places(builder.random, shape.slice(0, depth), indices[0] as number);
            const draw = reduction === 'none' ? each(different) : rowsWithin(shape, depth, 0);
            return [
              builder.op(
                'scatterND',
                [
                  builder.input(dataType, shape, ordinary[dataType]),
                  builder.either(fixed, 'int32', indices, draw),
                  builder.input(dataType, updates, ordinary[dataType]),
                ],
                { reduction },
              ),
            ];
          });
        }
  return list;
}

/** Input, indices, axis. */
const SCATTERED_ELEMENTS = rows(`
  5       | 3       | 0
  40      | 17      | 0
  3 4     | 3 2     | 1
  5 4     | 2 4     | 0
  2 5 4   | 2 3 4   | 1
  2 3 2 5 | 2 3 2 2 | 3
`) as readonly (readonly [List, List, readonly [number]])[];

function scatterElementsCases(): CaseList {
  const list = new CaseList('scatterElements');
  for (const dataType of TYPES)
    for (const [shape, indices, [axis]] of SCATTERED_ELEMENTS)
      for (const reduction of reductionsOf(dataType))
        for (const fixed of [true, false]) {
          const inner = indices.slice(axis + 1).reduce((a, b) => a * b, 1);
          const [length, count] = [shape[axis] as number, indices[axis] as number];
          // Along the axis, places that follow each other are different.
          const different: Draw = (_, index) => (Math.floor(index / inner) % count) * (length > 2 * count ? 2 : 1);
          const text = `${shown(shape)} ${shown(indices)} along ${axis} ${reduction}${fixed ? ' (indices constant)' : ''}`;
          list.add(text, { dataType, terms: 8 }, (builder) => [
            builder.op(
              'scatterElements',
              [
                builder.input(dataType, shape, ordinary[dataType]),
                builder.either(fixed, 'int32', indices, reduction === 'none' ? different : wholes(0, length - 1)),
                builder.input(dataType, indices, ordinary[dataType]),
              ],
              { axis, reduction },
            ),
          ]);
        }
  return list;
}

/** Indices, the new axis, its size. */
const ONE_HOT = rows(`
          | 0 | 5
  3       | 1 | 4
  3       | 0 | 4
  40      | 1 | 17
  2 3     | 2 | 5
  2 3     | 1 | 5
  2 3     | 0 | 5
  2 3 4   | 3 | 3
  2 3 4   | 1 | 3
  7       | 1 | 1
  101     | 1 | 11
`) as readonly (readonly [List, readonly [number], readonly [number]])[];

function oneHotCases(): CaseList {
  const list = new CaseList('oneHot');
  const ends = { float32: [1, 0], int32: [1, 0], bool: [1, 0] } as const;
  const others = { float32: [2.5, -1], int32: [16_777_217, -3], bool: [0, 1] } as const;
  for (const dataType of TYPES) {
    for (const [shape, [axis], [depth]] of ONE_HOT)
      for (const [on, off] of [ends[dataType], others[dataType]])
        list.add(`${shown(shape)} at ${axis}, ${depth} deep, ${on} ${off}`, { dataType }, (builder) => [
          builder.op(
            'oneHot',
            // One index before the axis and one behind it give no hot element.
            [
              builder.input('int32', shape, wholes(-1, depth)),
              builder.constant(dataType, [], () => on),
              builder.constant(dataType, [], () => off),
            ],
            { axis, depth },
          ),
        ]);
    for (const size of [1, 3])
      list.add(`open ${size}`, { dataType }, (builder) => [
        builder.op(
          'oneHot',
          [
            builder.input('int32', [size], wholes(0, 4), true),
            builder.constant(dataType, [], () => 1),
            builder.constant(dataType, [], () => 0),
          ],
          { axis: 1, depth: 5 },
        ),
      ]);
  }
  return list;
}

/** Shape, axis, k. */
const TOP = rows(`
  1       | 0 | 1
  5       | 0 | 5
  5       | 0 | 2
  17      | 0 | 3
  40      | 0 | 40
  40      | 0 | 7
  3 8     | 1 | 3
  3 8     | 0 | 2
  2 3 5   | 2 | 1
  2 5 3   | 1 | 4
  2 3 4 7 | 3 | 5
  401     | 0 | 300
  2 700   | 1 | 10
`) as readonly (readonly [List, readonly [number], readonly [number]])[];

const INFINITE = Number.POSITIVE_INFINITY;
const MASKED = {
  float32: [-INFINITE, -INFINITE, -INFINITE, INFINITE, INFINITE, -1.5, 0, 2],
  int32: [-(2 ** 31), -(2 ** 31), 2 ** 31 - 1, 0, 2],
};

function topCases(): CaseList {
  const list = new CaseList('topK');
  for (const dataType of ['float32', 'int32'] as const) {
    for (const [shape, [axis], [k]] of TOP)
      for (const largest of [true, false])
        for (const draw of [ordinary, ties])
          list.add(
            `${shown(shape)} ${k} along ${axis} ${largest ? 'largest' : 'smallest'}${draw === ties ? ', ties' : ''}`,
            { dataType },
            (builder) => builder.ops('topK', [builder.input(dataType, shape, draw[dataType])], { axis, k, largest }),
          );
    const corners = CORNERS[dataType].filter((value) => !Number.isNaN(value));
    list.add('corners', { dataType }, (builder) =>
      builder.ops('topK', [builder.input(dataType, [2, 16], each(corners))], { axis: 1, k: 16, largest: true }),
    );
    // Scores are masked with infinities.
    for (const largest of [true, false])
      list.add(`masked ${largest ? 'largest' : 'smallest'}`, { dataType }, (builder) =>
        builder.ops('topK', [builder.input(dataType, [3, 30], oneOf(MASKED[dataType]))], { axis: 1, k: 9, largest }),
      );
    for (const size of [1, 3])
      list.add(`open ${size}`, { dataType }, (builder) =>
        builder.ops('topK', [builder.input(dataType, [size, 6], ordinary[dataType], true)], { axis: 1, k: 3, largest: true }),
      );
  }
  return list;
}

function nonzeroCases(): CaseList {
  const list = new CaseList('nonzero');
  for (const dataType of TYPES) {
    for (const shape of [[5], [17], [40], [2, 3], [7, 8], [2, 3, 4], [1, 1], [2, 2, 3, 2], [2, 1, 3, 2, 2]])
      for (const [name, draw] of [
        ['some', (random: Random) => Number(random() < 0.4)],
        ['all', () => 1],
        ['none', () => 0],
      ] as const)
        list.add(`${shown(shape)} ${name}`, { dataType }, (builder) => [
          builder.op('nonzero', [builder.input(dataType, shape, draw)], { countName: 'count' }),
        ]);
    list.add('corners', { dataType }, (builder) => [
      builder.op('nonzero', [builder.input(dataType, [20], each(CORNERS[dataType]))], { countName: 'count' }),
    ]);
  }
  return list;
}

export const indexingCases = (): readonly CaseList[] => [
  gatherCases(),
  gatherElementsCases(),
  gatherNDCases(),
  scatterNDCases(),
  scatterElementsCases(),
  oneHotCases(),
  topCases(),
  nonzeroCases(),
];
