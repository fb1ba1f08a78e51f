/** Cases of a few ops one after another, where an engine fuses, aliases or keeps what it should not. */
import type { TypedValue } from '../../../src/graph/graph.js';
import { openSize } from '../../../src/graph/size.js';
import { type CaseBuilder, CaseList } from '../case.js';
import { between, type CaseType, each, flags, normal, wholes } from '../values.js';

const batch = openSize('batch');

const WINDOW = { strides: [1, 1], dilations: [1, 1], autoPad: 'sameUpper', padding: [0, 0, 0, 0] } as const;

type Activation = (builder: CaseBuilder, value: TypedValue) => TypedValue;

/** Activations that TF.js fuses into the node before, and some that it does not. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  relu: (builder, value) => builder.op('relu', [value], {}),
  relu6: (builder, value) => builder.op('clamp', [value], { min: 0, max: 6 }),
  elu: (builder, value) => builder.op('elu', [value], { alpha: 1 }),
  leakyRelu: (builder, value) => builder.op('leakyRelu', [value], { alpha: 0.1 }),
  sigmoid: (builder, value) => builder.op('sigmoid', [value], {}),
  tanh: (builder, value) => builder.op('tanh', [value], {}),
  prelu: (builder, value) =>
    builder.op('prelu', [value, builder.constant('float32', [value.type.shape.at(-1) as number], between(0.1, 0.9))], {}),
  hardSwish: (builder, value) => builder.op('hardSwish', [value], {}),
};

/** A producer of activations whose channels are the last axis. */
const PRODUCERS: Readonly<Record<string, (builder: CaseBuilder, size: number) => TypedValue>> = {
  convolution: (builder, size) =>
    builder.op(
      'conv2d',
      [
        builder.input('float32', [size, 7, 6, 3], normal, true),
        builder.constant('float32', [3, 3, 3, 5], normal),
        builder.constant('float32', [5], normal),
      ],
      { ...WINDOW, groups: 1 },
    ),
  'pointwise convolution': (builder, size) =>
    builder.op(
      'conv2d',
      [builder.input('float32', [size, 4, 4, 8], normal, true), builder.constant('float32', [1, 1, 8, 5], normal), null],
      {
        ...WINDOW,
        groups: 1,
      },
    ),
  'depthwise convolution': (builder, size) =>
    builder.op(
      'conv2d',
      [
        builder.input('float32', [size, 7, 6, 5], normal, true),
        builder.constant('float32', [3, 3, 1, 5], normal),
        builder.constant('float32', [5], normal),
      ],
      { ...WINDOW, strides: [2, 2], groups: 5 },
    ),
  'matrix product': (builder, size) => {
    const product = builder.op(
      'matmul',
      [builder.input('float32', [size, 8], normal, true), builder.constant('float32', [8, 5], normal)],
      {},
    );
    return builder.op('add', [product, builder.constant('float32', [5], normal)], {});
  },
};

function addActivations(list: CaseList): void {
  for (const [producer, produce] of Object.entries(PRODUCERS))
    for (const [activation, activate] of Object.entries(ACTIVATIONS))
      for (const size of [1, 3])
        list.add(`${producer}, ${activation}, batch ${size}`, { dataType: 'float32', terms: 64 }, (builder) => [
          activate(builder, produce(builder, size)),
        ]);
  for (const [producer, produce] of Object.entries(PRODUCERS)) {
    list.add(`${producer}, added to what it made, relu`, { dataType: 'float32', terms: 64 }, (builder) => {
      const made = produce(builder, 2);
      const other = builder.op('relu', [made], {});
      return [builder.op('relu', [builder.op('add', [made, other], {})], {}), made];
    });
    list.add(`${producer}, batch normalisation, relu`, { dataType: 'float32', terms: 64 }, (builder) => {
      const made = produce(builder, 2);
      const numbers = [normal, between(0.5, 2), normal, normal].map((draw) => builder.constant('float32', [5], draw));
      const normalised = builder.op('batchNormalization', [made, ...numbers], { axis: made.type.shape.length - 1, epsilon: 1e-3 });
      return [builder.op('relu', [normalised], {})];
    });
  }
}

/** Casts that TF.js answers by the same memory under another name. */
function addCasts(list: CaseList): void {
  const values = {
    float32: each([0, 1, -1, 0.4, -2.5, 100, 256, 300]),
    int32: each([101, 256, 7, 512, 0, 0, -256, 1]),
    bool: flags,
  } as const;
  const types = ['float32', 'int32', 'bool'] as const;
  for (const first of types)
    for (const second of types)
      for (const third of ['float32', 'int32'] as const)
        for (const [size, open] of [
          [8, false],
          [40, true],
        ] as const)
          list.add(`${first} cast to ${second}, to ${third}, summed, ${size}`, { dataType: first }, (builder) => {
            const given = builder.input(first, [size], values[first], open);
            const cast = builder.op('cast', [builder.op('cast', [given], { to: second })], { to: third });
            return [builder.op('reduceSum', [cast], { axes: [0], keepDimensions: false }), cast];
          });
  for (const type of types)
    for (const size of [5, 40])
      list.add(`${type} compared, turned round, counted, ${size}`, { dataType: type }, (builder) => {
        const given = builder.input(type, [2, size], values[type]);
        const isZero = builder.op('equal', [given, builder.constant(type, [], () => 0)], {});
        const turned = builder.op('logicalNot', [isZero], {});
        const count = builder.op('reduceSum', [builder.op('cast', [turned], { to: 'int32' })], { axes: [1], keepDimensions: true });
        return [
          count,
          builder.op('reduceAny', [isZero], { axes: [1], keepDimensions: false }),
          builder.op('reverse', [turned], { axes: [1] }),
        ];
      });
}

/** Moves one after another, whose shapes an engine may keep as views. */
function addMoves(list: CaseList): void {
  const values: Readonly<Record<CaseType, ReturnType<typeof each>>> = { float32: normal, int32: wholes(-300, 300), bool: flags };
  for (const type of ['float32', 'int32', 'bool'] as const)
    for (const size of [1, 3]) {
      list.add(`${type} transposed, reshaped, sliced, batch ${size}`, { dataType: type }, (builder) => {
        const given = builder.input(type, [size, 4, 5, 3], values[type], true);
        const transposed = builder.op('transpose', [given], { permutation: [0, 3, 1, 2] });
        const reshaped = builder.op('reshape', [transposed], { newShape: [batch, 12, 5] });
        const sliced = builder.op('slice', [reshaped], { starts: [0, 1, 0], sizes: [batch, 10, 5], strides: [1, 2, 1] });
        return [sliced, builder.op('transpose', [reshaped], { permutation: [0, 2, 1] })];
      });
      list.add(`${type} split, put together the other way round, batch ${size}`, { dataType: type }, (builder) => {
        const given = builder.input(type, [size, 7, 4], values[type], true);
        const [a, b, c] = builder.ops('split', [given], { axis: 1, splits: [2, 4, 1] });
        return [builder.op('concat', [c!, b!, a!], { axis: 1 })];
      });
      list.add(`${type} shuffled channels, batch ${size}`, { dataType: type }, (builder) => {
        const given = builder.input(type, [size, 3, 3, 6], values[type], true);
        const grouped = builder.op('reshape', [given], { newShape: [batch, 3, 3, 2, 3] });
        const turned = builder.op('transpose', [grouped], { permutation: [0, 1, 2, 4, 3] });
        return [builder.op('reshape', [turned], { newShape: [batch, 3, 3, 6] })];
      });
      list.add(`${type} given back as it is, twice, and a constant, batch ${size}`, { dataType: type }, (builder) => {
        const given = builder.input(type, [size, 5], values[type], true);
        const same = builder.op('identity', [given], {});
        return [given, same, same, builder.constant(type, [3], values[type])];
      });
    }
}

/** Pieces of detectors, classifiers and transformers. */
function addPieces(list: CaseList): void {
  for (const size of [1, 3]) {
    list.add(`attention, batch ${size}`, { dataType: 'float32', terms: 64 }, (builder) => {
      const given = builder.input('float32', [size, 7, 16], normal, true);
      const heads = ['q', 'k', 'v'].map(() => {
        const projected = builder.op('matmul', [given, builder.constant('float32', [16, 16], between(-0.3, 0.3))], {});
        const parted = builder.op('reshape', [projected], { newShape: [batch, 7, 4, 4] });
        return builder.op('transpose', [parted], { permutation: [0, 2, 1, 3] });
      });
      const [query, key, value] = heads as [TypedValue, TypedValue, TypedValue];
      const scores = builder.op('matmul', [query, builder.op('transpose', [key], { permutation: [0, 1, 3, 2] })], {});
      const scaled = builder.op('mul', [scores, builder.constant('float32', [], () => 0.5)], {});
      const mixed = builder.op('matmul', [builder.op('softmax', [scaled], { axis: 3 }), value], {});
      return [builder.op('reshape', [builder.op('transpose', [mixed], { permutation: [0, 2, 1, 3] })], { newShape: [batch, 7, 16] })];
    });
    list.add(`the best class and its score, batch ${size}`, { dataType: 'float32' }, (builder) => {
      const scores = builder.op('softmax', [builder.input('float32', [size, 10], normal, true)], { axis: 1 });
      const best = builder.op('argMax', [scores], { axis: 1, keepDimensions: true, outputDataType: 'int32' });
      return [
        best,
        builder.op('gather', [scores, builder.op('reshape', [best], { newShape: [batch, 1] })], { axis: 1, batchDimensions: 1 }),
      ];
    });
    list.add(`bytes to numbers and back, batch ${size}`, { dataType: 'int32' }, (builder) => {
      const pixels = builder.input('int32', [size, 4, 4, 3], wholes(0, 255), true);
      const scaled = builder.op('linear', [builder.op('cast', [pixels], { to: 'float32' })], { alpha: 1 / 127.5, beta: -1 });
      const shown = builder.op('linear', [scaled], { alpha: 127.5, beta: 127.6 });
      return [builder.op('cast', [builder.op('clamp', [shown], { min: 0, max: 255 })], { to: 'int32' })];
    });
    list.add(`padded by hand, convolved, pooled, batch ${size}`, { dataType: 'float32', terms: 64 }, (builder) => {
      const given = builder.input('float32', [size, 6, 6, 3], normal, true);
      const padded = builder.op('pad', [given], { beginning: [0, 1, 1, 0], ending: [0, 0, 0, 0], mode: 'constant', value: 0 });
      const filter = builder.constant('float32', [3, 3, 3, 4], normal);
      const convolved = builder.op('conv2d', [padded, filter, null], { ...WINDOW, autoPad: 'explicit', strides: [2, 2], groups: 1 });
      const window = { windowDimensions: [2, 2], outputRounding: 'floor', countPadding: false } as const;
      return [builder.op('maxPool2d', [convolved], { ...WINDOW, ...window })];
    });
  }
  for (const scoreThreshold of [0.1, 2])
    list.add(`boxes that score above ${scoreThreshold}, gathered`, { dataType: 'float32' }, (builder) => {
      const boxes = builder.input('float32', [17, 4], (random, index) => (index % 4) / 2 + random());
      const scores = builder.input('float32', [17], (random) => random());
      const settings = { maxOutputSize: 5, iouThreshold: 0.4, scoreThreshold, softSigma: 0, countName: 'count' };
      const [chosen] = builder.ops('nonMaxSuppression', [boxes, scores], settings);
      return [builder.op('gather', [boxes, chosen!], { axis: 0, batchDimensions: 0 }), chosen!];
    });
}

export function chainCases(): readonly CaseList[] {
  const list = new CaseList('chain');
  for (const add of [addActivations, addCasts, addMoves, addPieces]) add(list);
  return [list];
}
