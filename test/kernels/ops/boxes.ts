/** Cases of the ops on boxes: choosing them, and cutting them out of pictures. */
import { CaseList, shown } from '../case.js';
import { between, type Draw, each, normal, type Random, wholes } from '../values.js';

/** Boxes [y1, x1, y2, x2] about a few places, so that some overlap. */
const clustered = (random: Random): Draw => {
  const centres = Array.from({ length: 4 }, () => [random() * 8, random() * 8] as const);
  const box: number[] = [];
  return (_, index) => {
    if (index % 4 === 0) {
      const [y, x] = centres[Math.floor(random() * centres.length)] as readonly [number, number];
      const [top, left, height, width] = [y + random() / 2, x + random() / 2, 1 + random(), 1 + random()];
      box.splice(0, 4, top, left, top + height, left + width);
    }
    return box[index % 4] as number;
  };
};

function suppressionCases(): CaseList {
  const list = new CaseList('nonMaxSuppression');
  const add = (
    text: string,
    count: number,
    settings: { maxOutputSize: number; iouThreshold: number; scoreThreshold: number; softSigma: number },
    scores: Draw = (random) => random(),
  ): void => {
    list.add(`${text} ${count} ${Object.values(settings).join(' ')}`, { dataType: 'float32' }, (builder) =>
      builder.ops(
        'nonMaxSuppression',
        [builder.input('float32', [count, 4], clustered(builder.random)), builder.input('float32', [count], scores)],
        { ...settings, countName: 'count' },
      ),
    );
  };
  for (const count of [1, 5, 17, 40])
    for (const maxOutputSize of [1, 3, 100])
      for (const [iouThreshold, scoreThreshold] of [
        [0.5, Number.NEGATIVE_INFINITY],
        [0.3, 0.2],
        [0.9, 0.5],
        [0, 0],
      ] as const)
        for (const softSigma of [0, 0.5]) add('boxes', count, { maxOutputSize, iouThreshold, scoreThreshold, softSigma });
  const plain = { maxOutputSize: 10, iouThreshold: 0.5, scoreThreshold: 0.1, softSigma: 0 };
  add('equal scores', 8, plain, () => 0.75);
  add('all below the threshold', 8, plain, () => 0.05);
  add('negative scores', 8, { ...plain, scoreThreshold: Number.NEGATIVE_INFINITY }, between(-2, -1));
  add('no boxes', 0, plain);
  return list;
}

/**
 * In shares of the picture: inside, beyond its edges, and turned over. No place lies between two elements by what float32 rounds, where
 * the nearest one would be either.
 */
const BOXES = [
  [0, 0, 1, 1],
  [0.11, 0.23, 0.73, 0.91],
  [-0.31, -0.22, 0.53, 1.44],
  [0.83, 0.92, 0.21, 0.13],
  [0.5, 0.5, 0.5, 0.5],
  [1.2, 1.3, 1.9, 2],
].flat();

function cropCases(): CaseList {
  const list = new CaseList('cropAndResize');
  for (const mode of ['linear', 'nearest'] as const)
    for (const shape of [
      [1, 5, 7, 1],
      [2, 8, 8, 3],
      [3, 1, 1, 2],
      [1, 17, 4, 5],
    ])
      for (const cropSize of [
        [3, 3],
        [1, 1],
        [5, 1],
        [8, 11],
      ] as const)
        for (const extrapolationValue of [0, -2.5])
          list.add(`${shown(shape)} to ${shown(cropSize)} ${mode} ${extrapolationValue}`, { dataType: 'float32', terms: 4 }, (builder) => [
            builder.op(
              'cropAndResize',
              [
                builder.input('float32', shape, normal),
                builder.input('float32', [6, 4], each(BOXES)),
                builder.input('int32', [6], wholes(0, (shape[0] as number) - 1)),
              ],
              { cropSize, mode, extrapolationValue },
            ),
          ]);
  for (const cropSize of [
    [3, 3],
    [4, 6],
  ] as const)
    list.add(`of whole numbers to ${shown(cropSize)}`, { dataType: 'int32', terms: 4 }, (builder) => [
      builder.op(
        'cropAndResize',
        [
          builder.input('int32', [2, 8, 8, 3], wholes(0, 255)),
          builder.input('float32', [6, 4], each(BOXES)),
          builder.constant('int32', [6], wholes(0, 1)),
        ],
        { cropSize, mode: 'linear', extrapolationValue: 0 },
      ),
    ]);
  return list;
}

export const boxesCases = (): readonly CaseList[] => [suppressionCases(), cropCases()];
