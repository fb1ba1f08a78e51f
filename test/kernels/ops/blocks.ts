/** Cases of the ops that put tensors together, move blocks between axes, and make numbers of sizes. */
import type { OpAttributes, OpName } from '../../../src/graph/ops/index.js';
import { add, multiply, openSize } from '../../../src/graph/size.js';
import { CaseList, shown } from '../case.js';
import { rows } from '../rows.js';
import { type CaseType, CORNERS, each, ordinary } from '../values.js';

type List = readonly number[];

const TYPES: readonly CaseType[] = ['float32', 'int32', 'bool'];
const batch = openSize('batch');

/** Pictures, and blocks that fit them. */
const PICTURES = rows(`
  1 2 2 4   | 2
  2 4 6 12  | 2
  1 6 3 18  | 3
  3 4 4 32  | 4
  1 8 8 20  | 2
  2 3 5 2   | 1
`) as readonly (readonly [List, readonly [number]])[];

/** Shapes, blocks, and what is padded at both sides of each axis. */
const TO_BATCH = rows(`
  1 4       | 2     | 0 0
  2 5 3     | 3     | 0 1
  1 2 2 1   | 2 2   | 0 0 0 0
  2 7 7 3   | 2 2   | 0 1 1 0
  1 5 8 2   | 3 2   | 2 2 0 0
  3 4 6 5   | 2 3   | 0 0 0 0
  2 4 4 2 3 | 2 2 1 | 0 0 0 0 0 0
`) as readonly (readonly [List, List, List])[];

/** Shapes, blocks, and what is cut at both sides of each axis. */
const FROM_BATCH = rows(`
  2 2       | 2     | 0 0
  6 2 3     | 3     | 0 1
  4 1 1 1   | 2 2   | 0 0 0 0
  8 4 4 3   | 2 2   | 0 1 1 0
  6 3 4 2   | 3 2   | 2 2 0 0
  18 2 2 5  | 2 3   | 0 0 0 0
  8 2 2 2 3 | 2 2 1 | 0 0 0 0 0 0
`) as readonly (readonly [List, List, List])[];

function blockCases<Name extends OpName>(op: Name, given: readonly { shape: List; attributes: OpAttributes[Name] }[]): CaseList {
  const list = new CaseList(op);
  for (const dataType of TYPES) {
    for (const { shape, attributes } of given) {
      for (const open of [false, true])
        for (const draw of [ordinary[dataType], each(CORNERS[dataType])])
          list.add(
            `${shown(shape)} ${Object.values(attributes as object).join(' ')}${open ? ' open' : ''}${draw === ordinary[dataType] ? '' : ' corners'}`,
            { dataType },
            (builder) => builder.ops(op, [builder.input(dataType, shape, draw, open)], attributes),
          );
    }
  }
  return list;
}

/** The axis, then the shapes. */
const CONCATENATED = rows(`
  0 | 3
  0 | 3           | 5
  0 | 40          | 1           | 17
  0 | 2 3         | 1 3
  1 | 2 3         | 2 5
  1 | 7 8         | 7 1         | 7 2
  1 | 2 3 4       | 2 1 4
  2 | 2 3 4       | 2 3 4       | 2 3 1
  3 | 2 7 7 3     | 2 7 7 5
  1 | 2 2 7 3     | 2 5 7 3
  4 | 2 1 3 2 5   | 2 1 3 2 2
  1 | 2 1 3 2 5   | 2 4 3 2 5
  3 | 1 2 1 3 2 2 | 1 2 1 1 2 2
  0 | 0 4         | 2 4
  1 | 2 1 | 2 2 | 2 3 | 2 4 | 2 5 | 2 6 | 2 7 | 2 8 | 2 9
  1 | 3 401       | 3 200
`);

/** Two or more tensors along an axis, some of them constants. */
function concatCases(): CaseList {
  const list = new CaseList('concat');
  for (const dataType of TYPES) {
    for (const [[axis], ...shapes] of CONCATENATED as readonly (readonly [readonly [number], ...List[]])[]) {
      for (const fixed of [false, true])
        list.add(`${shapes.map(shown).join(' ')} along ${axis}${fixed ? ' (second constant)' : ''}`, { dataType }, (builder) => {
          const parts = shapes.map((shape, index) =>
            builder.either(fixed && index === 1, dataType, shape, index === 1 ? each(CORNERS[dataType]) : ordinary[dataType]),
          );
          return [builder.op('concat', parts, { axis })];
        });
    }
    for (const size of [1, 3])
      list.add(`open ${size}`, { dataType }, (builder) => {
        const x = builder.input(dataType, [size, 5], ordinary[dataType], true);
        return [builder.op('concat', [x, x], { axis: 1 }), builder.op('concat', [x, x], { axis: 0 })];
      });
  }
  return list;
}

function rangeCases(): CaseList {
  const list = new CaseList('range');
  for (const dataType of ['float32', 'int32'] as const) {
    for (const [start, count, step] of [
      [0, 5, 1],
      [3, 1, 1],
      [-4, 17, 3],
      [10, 40, -1],
      [0, 0, 1],
      [100_000_000, 3, 8],
    ] as const)
      list.add(`${start} ${count} ${step}`, { dataType }, (builder) => [builder.op('range', [], { start, count, step, dataType })]);
    for (const size of [1, 3])
      list.add(`of the open batch ${size}`, { dataType }, (builder) => {
        builder.input('float32', [size, 2], ordinary.float32, true);
        return [builder.op('range', [], { start: 1, count: add(batch, 2), step: 2, dataType })];
      });
  }
  return list;
}

function sizeCases(): CaseList {
  const list = new CaseList('sizes');
  for (const dataType of ['float32', 'int32'] as const) {
    for (const size of [1, 3])
      list.add(`of the open batch ${size}`, { dataType }, (builder) => {
        builder.input('float32', [size, 2], ordinary.float32, true);
        return [builder.op('sizes', [], { values: [batch, 7, add(multiply(batch, 3), -1)], dataType })];
      });
    list.add('closed', { dataType }, (builder) => [builder.op('sizes', [], { values: [1, 40, 3], dataType })]);
  }
  return list;
}

export const blocksCases = (): readonly CaseList[] => [
  blockCases(
    'spaceToDepth',
    PICTURES.map(([shape, [blockSize]]) => ({ shape, attributes: { blockSize } })),
  ),
  blockCases(
    'depthToSpace',
    (['blocksFirst', 'channelsFirst'] as const).flatMap((order) =>
      PICTURES.map(([shape, [blockSize]]) => ({ shape, attributes: { blockSize, order } })),
    ),
  ),
  blockCases(
    'spaceToBatch',
    TO_BATCH.map(([shape, blockSizes, paddings]) => ({ shape, attributes: { blockSizes, paddings } })),
  ),
  blockCases(
    'batchToSpace',
    FROM_BATCH.map(([shape, blockSizes, crops]) => ({ shape, attributes: { blockSizes, crops } })),
  ),
  concatCases(),
  rangeCases(),
  sizeCases(),
];
