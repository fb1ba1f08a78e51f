/** Cases of matrix products, normalisations and resampling. */
import { multiply, openSize } from '../../../src/graph/size.js';
import { CaseList, shown } from '../case.js';
import { rows } from '../rows.js';
import { between, normal, wholes } from '../values.js';

type List = readonly number[];

const PRODUCTS = rows(`
  1 1       | 1 1
  1 5       | 5 3
  2 3       | 3 4
  7 8       | 8 5
  17 3      | 3 40
  1 40      | 40 1
  3 401     | 401 2
  2 3 4     | 2 4 5
  2 3 4     | 4 5
  1 3 4     | 5 4 2
  5 3 4     | 1 4 2
  3 4       | 2 4 5
  2 3 4 5   | 2 3 5 2
  2 1 4 5   | 1 3 5 2
  1 8 7 17  | 1 8 17 7
  2 3 4 5   | 5 6
  2 1 2 3 4 | 2 1 2 4 3
  1 2 1 2 3 4 | 1 2 1 2 4 3
`) as readonly (readonly [List, List])[];

function productCases(): CaseList {
  const list = new CaseList('matmul');
  for (const dataType of ['float32', 'int32'] as const) {
    const draws = dataType === 'float32' ? [normal] : [wholes(-9, 9), wholes(-5_000, 5_000)];
    for (const [a, b] of PRODUCTS)
      for (const [index, draw] of draws.entries())
        for (const fixed of [true, false]) {
          const terms = a.at(-1) as number;
          const text = `${shown(a)} ${shown(b)}${fixed ? ' (constant)' : ''}${index > 0 ? ' large' : ''}`;
          list.add(text, { dataType, terms }, (builder) => [
            builder.op('matmul', [builder.input(dataType, a, draw), builder.either(fixed, dataType, b, draw)], {}),
          ]);
        }
    for (const size of [1, 3]) {
      list.add(`open ${size}`, { dataType, terms: 5 }, (builder) => [
        builder.op('matmul', [builder.input(dataType, [size, 5], draws[0]!, true), builder.constant(dataType, [5, 4], draws[0]!)], {}),
      ]);
      list.add(`open ${size}, with a batch of 3`, { dataType, terms: 5 }, (builder) => [
        builder.op(
          'matmul',
          [builder.input(dataType, [size, 2, 5], draws[0]!, true), builder.constant(dataType, [3, 5, 4], draws[0]!)],
          {},
        ),
      ]);
      list.add(`open ${size}, of rank 3`, { dataType, terms: 5 }, (builder) => [
        builder.op('matmul', [builder.input(dataType, [size, 2, 5], draws[0]!, true), builder.constant(dataType, [5, 4], draws[0]!)], {}),
      ]);
    }
  }
  return list;
}

const positive = between(0.2, 3);

function batchNormalizationCases(): CaseList {
  const list = new CaseList('batchNormalization');
  const given = rows(
    '5 3 | 1\n 2 7 7 3 | 3\n 1 5 5 8 | 3\n 3 4 4 17 | 3\n 2 3 4 4 | 1\n 2 5 4 | 2\n 2 5 4 | 1\n 7 | 0\n 1 3 2 2 5 | 4\n 3 401 | 1',
  );
  for (const [shape, [axis]] of given as readonly (readonly [List, readonly [number]])[])
    for (const parts of ['scale and bias', 'scale', 'bias', 'neither'] as const)
      for (const fixed of [true, false]) {
        const along = [shape[axis] as number];
        list.add(`${shown(shape)} along ${axis} ${parts}${fixed ? '' : ' (given)'}`, { dataType: 'float32', terms: 4 }, (builder) => [
          builder.op(
            'batchNormalization',
            [
              builder.input('float32', shape, normal, fixed && parts === 'scale and bias' && axis > 0),
              builder.either(fixed, 'float32', along, normal),
              builder.either(fixed, 'float32', along, positive),
              parts.includes('scale') ? builder.either(fixed, 'float32', along, normal) : null,
              parts.includes('bias') ? builder.either(fixed, 'float32', along, normal) : null,
            ],
            { axis, epsilon: parts === 'scale' ? 1e-5 : 1e-3 },
          ),
        ]);
      }
  return list;
}

function layerNormalizationCases(): CaseList {
  const list = new CaseList('layerNormalization');
  const given = rows(
    '5 | 0\n 3 8 | 1\n 2 3 40 | 2\n 2 5 4 | 1 2\n 2 7 7 3 | 3\n 2 7 7 3 | 1 2 3\n 2 1 3 2 5 | 4\n 1 2 1 3 2 8 | 5\n 3 401 | 1\n 2 3 4 | 2 1',
  );
  for (const [shape, axes] of given as readonly (readonly [List, List])[])
    for (const parts of ['scale and bias', 'bias', 'neither'] as const) {
      const along = axes.map((axis) => shape[axis] as number);
      const terms = along.reduce((a, b) => a * b, 1);
      list.add(`${shown(shape)} along ${shown(axes)} ${parts}`, { dataType: 'float32', terms }, (builder) => [
        builder.op(
          'layerNormalization',
          [
            builder.input('float32', shape, normal, !axes.includes(0)),
            parts.includes('scale') ? builder.constant('float32', along, normal) : null,
            parts.includes('bias') ? builder.constant('float32', along, normal) : null,
          ],
          { axes, epsilon: 1e-5 },
        ),
      ]);
    }
  return list;
}

function instanceNormalizationCases(): CaseList {
  const list = new CaseList('instanceNormalization');
  for (const shape of rows('1 4 4 1 | 2 7 7 3 | 3 5 8 4 | 1 17 3 8').flat())
    for (const parts of ['scale and bias', 'scale', 'bias', 'neither'] as const) {
      const along = [shape[3] as number];
      const terms = (shape[1] as number) * (shape[2] as number);
      list.add(`${shown(shape)} ${parts}`, { dataType: 'float32', terms }, (builder) => [
        builder.op(
          'instanceNormalization',
          [
            builder.input('float32', shape, normal, true),
            parts.includes('scale') ? builder.constant('float32', along, normal) : null,
            parts.includes('bias') ? builder.constant('float32', along, normal) : null,
          ],
          { epsilon: 1e-5 },
        ),
      ]);
    }
  return list;
}

function responseCases(): CaseList {
  const list = new CaseList('localResponseNormalization');
  for (const shape of rows('1 1 1 5 | 2 3 3 8 | 3 2 5 17 | 1 4 4 1').flat())
    for (const radius of [0, 1, 2, 5])
      for (const [bias, alpha, beta] of [
        [1, 1, 0.5],
        [2, 1e-4, 0.75],
      ] as const)
        list.add(`${shown(shape)} ${radius} ${bias} ${alpha} ${beta}`, { dataType: 'float32', terms: 2 * radius + 1 }, (builder) => [
          builder.op('localResponseNormalization', [builder.input('float32', shape, normal)], { radius, bias, alpha, beta }),
        ]);
  return list;
}

function resampleCases(): CaseList {
  const list = new CaseList('resample2d');
  const twice = ['height', 'width'].map((name) => multiply(openSize(name), 2));
  for (const mode of ['nearest', 'linear'] as const)
    for (const coordinates of ['halfPixel', 'asymmetric', 'alignCorners'] as const)
      list.add(`open, to twice the size, ${mode} ${coordinates}`, { dataType: 'float32', terms: 4 }, (builder) => [
        builder.op('resample2d', [builder.openPicture([2, 3, 5, 4], normal)], {
          sizes: twice,
          mode,
          coordinates,
          rounding: mode === 'linear' ? undefined : coordinates === 'asymmetric' ? 'floor' : 'halfUp',
        }),
      ]);
  const given = rows(`
    1 2 2 1  | 4 4
    2 3 5 3  | 6 10
    1 7 7 2  | 3 3
    3 8 8 4  | 4 4
    1 5 4 1  | 7 3
    1 1 1 3  | 5 2
    2 6 6 8  | 1 1
    1 4 6 17 | 8 6
    1 3 3 2  | 3 3
  `) as readonly (readonly [List, List])[];
  for (const dataType of ['float32', 'int32'] as const) {
    for (const [index, [shape, sizes]] of given.entries())
      for (const coordinates of ['halfPixel', 'asymmetric', 'alignCorners'] as const) {
        const add = (mode: 'nearest' | 'linear', rounding: 'floor' | 'ceil' | 'halfDown' | 'halfUp' | undefined): void =>
          list.add(
            `${shown(shape)} to ${shown(sizes)} ${mode} ${coordinates}${rounding === undefined ? '' : ` ${rounding}`}`,
            { dataType, terms: 4 },
            (builder) => [
              builder.op(
                'resample2d',
                [builder.input(dataType, shape, dataType === 'float32' ? normal : wholes(-99, 99), index % 3 === 0)],
                { sizes, mode, coordinates, rounding },
              ),
            ],
          );
        if (dataType === 'float32') add('linear', undefined);
        for (const rounding of ['floor', 'ceil', 'halfDown', 'halfUp'] as const) add('nearest', rounding);
      }
  }
  return list;
}

export const networkCases = (): readonly CaseList[] => [
  productCases(),
  batchNormalizationCases(),
  layerNormalizationCases(),
  instanceNormalizationCases(),
  responseCases(),
  resampleCases(),
];
