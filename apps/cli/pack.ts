/** `pannier pack`: packs one model from flags, or all models of `pannier.config.mjs`. */

import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { shapeText } from '../../src/base/dtype.js';
import { BOX_LAYOUTS } from '../../src/manifest/box-layouts.js';
import { CONFIG_FILE, readConfig, withModel } from '../../src/pack/config.js';

import { readRegularFile } from '../../src/pack/files/open.js';
import { badOption, type ImageOptions, type InputOptions, type OutputOptions, type PackOptions } from '../../src/pack/options.js';
import { packIfStale } from '../../src/pack/pack.js';
import type { PackResult } from '../../src/pack/result.js';
import type { Command } from './command.js';
import { numbersOf, oneOrMore, pairOf, sizesOf } from './pairs.js';
import { plain, showBytes } from './print.js';
import { withProgress } from './progress.js';

const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const SWITCH = { type: 'boolean' } as const;

const FLAGS = {
  ...{
    config: TEXT,
    out: TEXT,
    name: TEXT,
    signature: TEXT,
    version: TEXT,
    license: TEXT,
    source: TEXT,
    'packed-at': TEXT,
    'stale-after-days': TEXT,
    'golden-picture': TEXT,
  },
  ...{ quantize: TEXTS, budget: TEXTS, verify: SWITCH, check: SWITCH },
  ...{
    input: TEXTS,
    shape: TEXTS,
    constant: TEXTS,
    width: TEXTS,
    height: TEXTS,
    fit: TEXTS,
    filter: TEXTS,
    channels: TEXTS,
    layout: TEXTS,
    background: TEXTS,
    scale: TEXTS,
    offset: TEXTS,
  },
  ...{ output: TEXTS, labels: TEXTS, values: TEXTS },
} as const;

/** The `pack` command. */
export const packCommand: Command = {
  usage: `  pannier pack [--check] [--config FILE]        all models of ${CONFIG_FILE}
  pannier pack MODEL --out DIR [flags]          one model: an .onnx, .tflite, .keras or .h5 file, a model.json, or a
                                                zip of Teachable Machine; or a folder with one of these
    --name, --signature NAME (of a .tflite with several), --version, --license, --source, --packed-at,
    --stale-after-days DAYS, --golden-picture PNG, --check
    --verify  also runs the .onnx in the app's onnxruntime-node or onnxruntime-web, the .tflite in its @litertjs/core in a browser,
              and fails if that answers otherwise
    --quantize float16|uint8|int8   --quantize PATTERN=float16|uint8|int8|none   --budget bytes|mflop|goldenError=NUMBER
    --input NODE=NAME  --shape NODE=1,256,256,3  --constant NODE=16000  --width NODE=256  --height NODE=256
    --fit, --filter, --channels, --layout NODE=WORD   --background NODE=114   --scale, --offset NODE=NUMBER[,NUMBER…]
    --output NODE=NAME  --labels NODE=FILE (one a line)  --values NODE=logits|probabilities
    --layout NODE=${Object.keys(BOX_LAYOUTS).join('|')} (of a detector's boxes)`,
  async run(args) {
    const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
    const { config, check = false, ...flags } = values;
    const [model, ...more] = positionals;
    if (more.length > 0) throw badOption(`pannier pack takes one MODEL, but got also ${more.join(', ')}.`);
    if (model === undefined) {
      const [stray] = Object.keys(flags);
      if (stray !== undefined) throw badOption(`--${stray} goes with a MODEL; without one, ${CONFIG_FILE} says what to pack.`);
      for (const each of await readConfig(config ?? CONFIG_FILE)) {
        console.log(await withModel(each, (options) => packOrCheck(options, check)));
      }
      return 0;
    }
    if (flags.out === undefined) throw badOption('Say where to: pannier pack MODEL --out DIR.');
    console.log(await packOrCheck(await optionsOf(model, flags.out, flags), check));
    return 0;
  },
};

async function packOrCheck(options: PackOptions, check: boolean): Promise<string> {
  return summary(await withProgress((onStep) => packIfStale(check ? { ...options, check } : options, { onStep })), check);
}

type Flags = Omit<ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'], 'config' | 'check' | 'out'>;

async function optionsOf(model: string, out: string, flags: Flags): Promise<PackOptions> {
  const inputs = new Map<string, { name?: string; shape?: number[]; constant?: unknown; image?: Record<string, unknown> }>();
  const outputs = new Map<string, { name?: string; labels?: string[]; values?: unknown; layout?: unknown }>();
  const input = (node: string) => entry(inputs, node);
  const image = (node: string) => (input(node).image ??= {});
  const output = (node: string) => entry(outputs, node);

  for (const [node, value] of pairs(flags, 'input')) input(node).name = value;
  for (const [node, value] of pairs(flags, 'shape')) input(node).shape = sizesOf(value);
  for (const [node, value] of pairs(flags, 'constant')) input(node).constant = oneOrMore(value, 'constant');
  for (const key of ['width', 'height', 'background'] as const)
    for (const [node, value] of pairs(flags, key)) image(node)[key] = number(value, key);
  for (const key of ['scale', 'offset'] as const) for (const [node, value] of pairs(flags, key)) image(node)[key] = oneOrMore(value, key);
  for (const key of ['fit', 'filter', 'channels'] as const) for (const [node, value] of pairs(flags, key)) image(node)[key] = value;
  for (const [node, value] of pairs(flags, 'layout')) (value in BOX_LAYOUTS ? output(node) : image(node)).layout = value;
  for (const [node, value] of pairs(flags, 'output')) output(node).name = value;
  for (const [node, value] of pairs(flags, 'values')) output(node).values = value;
  for (const [node, file] of pairs(flags, 'labels')) output(node).labels = await readLines(file);

  const { name, signature, version, license, source } = flags;
  const texts = { name, signature, version, license, source, packedAt: flags['packed-at'], goldenPicture: flags['golden-picture'] };
  const budget = pairs(flags, 'budget').map(([key, value]) => [key, number(value, 'budget')]);
  const given = Object.entries({
    ...texts,
    ...(flags['stale-after-days'] && { staleAfterDays: number(flags['stale-after-days'], 'stale-after-days') }),
    ...(flags.verify && { verify: true }),
    ...(flags.quantize && { quantize: quantizeOf(flags.quantize) }),
    ...(flags.budget && { budget: Object.fromEntries(budget) }),
  }).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    model,
    out,
    // The packer checks every value, as it does those of a config file.
    inputs: Object.fromEntries(inputs) as Record<string, InputOptions & { image?: ImageOptions }>,
    outputs: Object.fromEntries(outputs) as Record<string, OutputOptions>,
  };
}

/** The option `quantize`: one kind for all weights, or a kind for each pattern. A kind without a pattern is for all other weights. */
function quantizeOf(flags: readonly string[]): unknown {
  const [only, ...more] = flags;
  if (more.length === 0 && !only?.includes('=')) return only;
  return Object.fromEntries(
    flags.map((flag) => flag.split(/=(?=[^=]*$)/)).map(([first, kind]) => (kind === undefined ? ['*', first] : [first, kind])),
  );
}

function entry<T extends object>(entries: Map<string, T>, node: string): T {
  const made = entries.get(node) ?? ({} as T);
  entries.set(node, made);
  return made;
}

/** The pairs of a flag: `NAME=NUMBER` of a budget, `NODE=VALUE` of the others. */
const pairs = (flags: Flags, key: keyof Flags): [string, string][] =>
  ((flags[key] ?? []) as string[]).map((text) => pairOf(text, key, key === 'budget' ? 'NAME=NUMBER' : 'NODE=VALUE'));

function number(value: string, key: string): number {
  const [first = Number.NaN, ...more] = numbersOf(value, key);
  if (more.length > 0) throw badOption(`--${key} is ${JSON.stringify(value)}; one number is wanted.`);
  return first;
}

async function readLines(file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readRegularFile(file, `The label file ${file}`, 2 ** 27));
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

function summary({ out, manifest, files, bytes, taken, warnings, changed }: PackResult, check: boolean): string {
  const { inputs, outputs } = manifest.signature;
  const specs = (side: typeof inputs | typeof outputs) =>
    Object.entries(side).map(
      ([name, { dtype, shape, ...rest }]) =>
        `${name}: ${dtype} ${shapeText(shape)}${'image' in rest ? ', a picture' : 'columns' in rest ? ', rows' : 'layout' in rest ? ', boxes' : ''}`,
    );
  const state = check ? 'is up to date' : changed ? 'packed' : 'unchanged';
  const place = relative(process.cwd(), out) || '.';
  const details = [
    `takes ${specs(inputs).join('; ')}`,
    `gives ${specs(outputs).join('; ')}`,
    ...(manifest.quantized === undefined ? [] : [quantizedLine(manifest.quantized)]),
    ...taken.map((line) => `taken: ${line}`),
    ...(manifest.verified === undefined ? [] : [verifiedLine(manifest.verified)]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return [
    plain(`${manifest.name} ${state}: ${place}, ${files.length} files, ${showBytes(bytes)}, ${millions(manifest.flops)} FLOPs a predict`),
    ...details.map((detail) => `  ${plain(detail)}`),
  ].join('\n');
}

function quantizedLine({ originalBytes, kinds, maxError }: NonNullable<PackResult['manifest']['quantized']>): string {
  const made = Object.entries(kinds).map(([kind, { weights, bytes }]) => `${weights} weights as ${kind}, ${showBytes(bytes)}`);
  return `quantised: ${made.join('; ')} (all weights were ${showBytes(originalBytes)}); golden outputs moved by at most ${(maxError * 100).toPrecision(2)} % of their spread`;
}

function verifiedLine({ runtime, differences }: NonNullable<PackResult['manifest']['verified']>): string {
  const each = Object.entries(differences).map(([output, share]) => `${output} ${share === 0 ? 0 : share.toExponential()}`);
  return `verified: ${runtime} answers the golden samples alike; off by at most, of an output's largest value: ${each.join(', ')}`;
}

const millions = (count: number): string => (count < 1e6 ? `${count}` : `${(count / 1e6).toFixed(1)} M`);
