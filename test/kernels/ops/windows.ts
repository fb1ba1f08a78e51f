/** Cases of the ops whose window moves over pictures: convolutions, their transposes, pools. */
import { mulberry32 } from '../../../src/base/random.js';
import type { OpAttributes } from '../../../src/graph/ops/index.js';
import { CaseList, shown } from '../case.js';
import { rows } from '../rows.js';
import { type Draw, normal, oneOf, type Random, wholes } from '../values.js';

type List = readonly number[];
type AutoPad = OpAttributes['conv2d']['autoPad'];

/** One setting of a window over a picture. */
interface Setting {
  readonly picture: List;
  readonly size: List;
  readonly strides: List;
  readonly dilations: List;
  readonly autoPad: AutoPad;
  readonly padding: List;
}

const PICTURES = rows('1 7 7 3 | 3 8 8 4 | 1 9 5 8 | 3 17 3 1 | 2 5 11 5 | 1 1 40 2 | 1 6 6 17').flat();
const WINDOWS = rows('1 1 | 3 3 | 2 2 | 1 3 | 3 1 | 5 2 | 5 5').flat();
const STRIDES = rows('1 1 | 2 2 | 3 3 | 1 2 | 2 1').flat();
const DILATIONS = rows('1 1 | 1 1 | 1 1 | 2 2 | 1 2').flat();
const PADDINGS = rows('0 0 0 0 | 1 1 1 1 | 0 1 0 1 | 1 0 2 1').flat();

const choose = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const describe = ({ picture, size, strides, dilations, autoPad, padding }: Setting): string =>
  [
    shown(picture),
    size.join('×'),
    `strides ${strides.join('×')}`,
    ...(dilations.every((dilation) => dilation === 1) ? [] : [`dilations ${dilations.join('×')}`]),
    autoPad === 'explicit' ? `padding ${padding.join(' ')}` : autoPad,
  ].join(' ');

/** Whether the window fits the padded picture. */
const fits = ({ picture, size, dilations, autoPad, padding }: Setting): boolean =>
  autoPad !== 'explicit' ||
  [0, 1].every((axis) => {
    const padded = (picture[axis + 1] as number) + (padding[2 * axis] as number) + (padding[2 * axis + 1] as number);
    return ((size[axis] as number) - 1) * (dilations[axis] as number) + 1 <= padded;
  });

/** Settings that fit, no two the same: windows, paddings and strides against each other, the rest at random. */
function settings(seed: number, count: number, windows = WINDOWS, dilated = true): readonly Setting[] {
  const random = mulberry32(seed);
  const found = new Map<string, Setting>();
  while (found.size < count) {
    const autoPad = choose(random, ['explicit', 'explicit', 'sameUpper', 'sameUpper', 'sameLower'] as const);
    const setting: Setting = {
      picture: choose(random, PICTURES),
      size: choose(random, windows),
      strides: choose(random, STRIDES),
      dilations: dilated ? choose(random, DILATIONS) : [1, 1],
      autoPad,
      padding: autoPad === 'explicit' ? choose(random, PADDINGS) : [0, 0, 0, 0],
    };
    if (fits(setting)) found.set(describe(setting), setting);
  }
  return [...found.values()];
}

const windowOf = ({ strides, dilations, autoPad, padding }: Setting) => ({ strides, dilations, autoPad, padding });

/** Settings for pictures whose height and width are open when the graph is written. */
const OPEN_SETTINGS: readonly Setting[] = (['sameUpper', 'sameLower', 'explicit'] as const).flatMap((autoPad) =>
  rows('3 3 | 1 1 | 1 1\n 3 3 | 2 2 | 1 1\n 1 3 | 2 2 | 1 1\n 1 1 | 2 2 | 1 1\n 5 2 | 3 3 | 1 1\n 3 3 | 1 1 | 2 2\n 3 2 | 2 2 | 2 1').map(
    ([size, strides, dilations]): Setting => ({
      picture: [2, 8, 9, 4],
      size: size!,
      strides: strides!,
      dilations: dilations!,
      autoPad,
      padding: autoPad === 'explicit' ? [1, 0, 1, 1] : [0, 0, 0, 0],
    }),
  ),
);

/** How the channels are grouped, and how many come out. */
type Grouping = 'one group' | 'groups' | 'depthwise' | 'depthwise twofold';

function channelsOf(grouping: Grouping, channels: number, made: number): { groups: number; taken: number; made: number } {
  if (grouping === 'depthwise') return { groups: channels, taken: 1, made: channels };
  if (grouping === 'depthwise twofold') return { groups: channels, taken: 1, made: 2 * channels };
  if (grouping === 'groups' && channels % 2 === 0) return { groups: 2, taken: channels / 2, made: made * 2 };
  return { groups: 1, taken: channels, made };
}

function convolutionCases(): CaseList {
  const list = new CaseList('conv2d');
  const random = mulberry32(2);
  const groupings = { 'one group': 110, depthwise: 90, 'depthwise twofold': 40, groups: 40 } as const;
  for (const [grouping, count] of Object.entries(groupings) as [Grouping, number][]) {
    for (const [index, setting] of settings(count, count).entries()) {
      const { picture, size } = setting;
      const { groups, taken, made } = channelsOf(grouping, picture[3] as number, choose(random, [1, 3, 4, 5, 8, 17]));
      const [fixed, biased] = [index % 6 !== 5, index % 3 === 1];
      const text = `${describe(setting)}→${made} ${grouping}${biased ? ' bias' : ''}${fixed ? '' : ' (filter given)'}`;
      list.add(text, { dataType: 'float32', terms: (size[0] as number) * (size[1] as number) * taken + 1 }, (builder) => [
        builder.op(
          'conv2d',
          [
            builder.input('float32', picture, normal, index % 5 === 0),
            builder.either(fixed, 'float32', [...size, taken, made], normal),
            biased ? builder.either(fixed, 'float32', [made], normal) : null,
          ],
          { ...windowOf(setting), groups },
        ),
      ]);
    }
  }
  for (const [name, grouping] of [
    ['one group', 1],
    ['depthwise', 4],
  ] as const)
    for (const setting of OPEN_SETTINGS)
      list.add(`${describe(setting)}, open, ${name}`, { dataType: 'float32', terms: 61 }, (builder) => [
        builder.op(
          'conv2d',
          [
            builder.openPicture(setting.picture, normal),
            builder.constant('float32', [...setting.size, 4 / grouping, 4], normal),
            builder.constant('float32', [4], normal),
          ],
          { ...windowOf(setting), groups: grouping },
        ),
      ]);
  return list;
}

function transposeCases(): CaseList {
  const list = new CaseList('convTranspose2d');
  for (const padding of [
    [0, 0, 0, 0],
    [0, 1, 1, 1],
  ])
    list.add(`open, padding ${padding.join(' ')}`, { dataType: 'float32', terms: 37 }, (builder) => [
      builder.op(
        'convTranspose2d',
        [
          builder.openPicture([2, 4, 5, 4], normal),
          builder.constant('float32', [3, 3, 5, 4], normal),
          builder.constant('float32', [5], normal),
        ],
        { strides: [2, 2], dilations: [1, 1], padding, outputPadding: [0, 1], groups: 1 },
      ),
    ]);
  const random = mulberry32(3);
  for (const picture of rows('1 4 4 3 | 3 5 3 4 | 1 1 7 1 | 2 3 2 8').flat())
    for (const size of rows('1 1 | 2 2 | 3 3 | 3 2 | 4 4').flat())
      for (const strides of rows('1 1 | 2 2 | 2 1 | 3 3').flat()) {
        const paddings: readonly List[] =
          (size[0] as number) > 2
            ? [
                [0, 0, 0, 0],
                [1, 1, 0, 1],
              ]
            : [[0, 0, 0, 0]];
        for (const padding of paddings) {
          const groups = (picture[3] as number) % 2 === 0 && random() < 0.3 ? 2 : 1;
          const dilations = (size[0] as number) > 1 && random() < 0.2 ? [2, 2] : [1, 1];
          const outputPadding = (strides[0] as number) > 1 && random() < 0.4 ? [1, 0] : [0, 0];
          const made = choose(random, [1, 2, 5, 8]);
          const [fixed, biased] = [random() < 0.8, random() < 0.4];
          const text = [
            `${shown(picture)} ${size.join('×')} strides ${strides.join('×')} padding ${padding.join(' ')}→${made * groups}`,
            ...(groups > 1 ? [`${groups} groups`] : []),
            ...((dilations[0] as number) > 1 ? ['dilated'] : []),
            ...((outputPadding[0] as number) > 0 ? [`and ${outputPadding.join(' ')}`] : []),
            ...(biased ? ['bias'] : []),
            ...(fixed ? [] : ['(filter given)']),
          ].join(' ');
          const terms = (size[0] as number) * (size[1] as number) * (picture[3] as number) + 1;
          list.add(text, { dataType: 'float32', terms }, (builder) => [
            builder.op(
              'convTranspose2d',
              [
                builder.input('float32', picture, normal, random() < 0.2),
                builder.either(fixed, 'float32', [...size, made, picture[3] as number], normal),
                biased ? builder.constant('float32', [made * groups], normal) : null,
              ],
              { strides, dilations, padding, outputPadding, groups },
            ),
          ]);
        }
      }
  return list;
}

type PoolName = 'averagePool2d' | 'maxPool2d' | 'l2Pool2d';

function poolCases(op: PoolName): CaseList {
  const list = new CaseList(op);
  const windows = rows('1 1 | 2 2 | 3 3 | 1 3 | 3 2 | 5 5').flat();
  const draws: Readonly<Record<'float32' | 'int32', readonly Draw[]>> = {
    // Values that are all below 0 tell whether the padding wins.
    float32: [normal, (random) => -1 - random(), oneOf([-2, -1, 3])],
    int32: [wholes(-99, 99), wholes(-99, -10), oneOf([16_777_217, -16_777_219, 100_000_001])],
  };
  for (const dataType of ['float32', 'int32'] as const) {
    if (op === 'l2Pool2d' && dataType === 'int32') continue;
    for (const [index, setting] of settings(
      dataType === 'float32' ? 5 : 6,
      dataType === 'float32' ? 80 : 40,
      windows,
      op !== 'l2Pool2d',
    ).entries()) {
      const { picture, size } = setting;
      const outputRounding = setting.autoPad === 'explicit' && index % 4 === 1 ? 'ceil' : 'floor';
      const countPadding = op === 'averagePool2d' && index % 4 === 2;
      const draw = draws[dataType][index % 3] as Draw;
      const text = [
        describe(setting),
        ...(outputRounding === 'ceil' ? ['rounded up'] : []),
        ...(countPadding ? ['padding counts'] : []),
      ].join(' ');
      list.add(text, { dataType, terms: (size[0] as number) * (size[1] as number) }, (builder) => [
        builder.op(op, [builder.input(dataType, picture, draw, index % 5 === 0)], {
          ...windowOf(setting),
          windowDimensions: size,
          outputRounding,
          countPadding,
        }),
      ]);
    }
  }
  for (const setting of OPEN_SETTINGS.filter(({ autoPad, dilations }) => autoPad !== 'sameLower' && Math.max(...dilations) === 1))
    list.add(`${describe(setting)}, open`, { dataType: 'float32', terms: 15 }, (builder) => [
      builder.op(op, [builder.openPicture(setting.picture, normal)], {
        ...windowOf(setting),
        windowDimensions: setting.size,
        outputRounding: 'floor',
        countPadding: op === 'averagePool2d' && setting.autoPad === 'explicit',
      }),
    ]);
  // A window over the whole picture, as models end with.
  for (const batch of [1, 3])
    list.add(`the whole picture, open ${batch}`, { dataType: 'float32', terms: 49 }, (builder) => [
      builder.op(op, [builder.input('float32', [batch, 7, 7, 40], normal, true)], {
        strides: [7, 7],
        dilations: [1, 1],
        autoPad: 'explicit',
        padding: [0, 0, 0, 0],
        windowDimensions: [7, 7],
        outputRounding: 'floor',
        countPadding: false,
      }),
    ]);
  return list;
}

export const windowCases = (): readonly CaseList[] => [
  convolutionCases(),
  transposeCases(),
  poolCases('averagePool2d'),
  poolCases('maxPool2d'),
  poolCases('l2Pool2d'),
];
