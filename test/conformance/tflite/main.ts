/**
 * Reads each file of LiteRT's and tflite-micro's tests, runs it on the reference, and compares with LiteRT.js in a browser, where that
 * runs it. A file is answered, or refused in a message that names the operator or the tensor.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sizeOf } from '../../../src/base/dtype.js';
import { messageOf, PannierError } from '../../../src/base/errors.js';
import { openReference } from '../../../src/engines/reference/interpreter.js';
import { parseTflite, type TfliteSignature } from '../../../src/formats/tflite/model.js';
import { type ReadTflite, readTflite } from '../../../src/formats/tflite/read/read.js';
import { DATA_TYPES, isFloat } from '../../../src/graph/element-type.js';
import type { TypedValue } from '../../../src/graph/graph.js';
import { isOpen } from '../../../src/graph/size.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { verify } from '../../../src/graph/verify.js';
import { type LiteRt, withLiteRt } from '../../../src/pack/checks/litert.js';
import { randomFrom } from '../../fixtures/random.mjs';
import { unpacked } from '../unpacked.js';

/** The largest distance of a float from LiteRT.js's, as a share of the largest magnitude in its output. */
const MAX_ERROR = 1e-4;

/** The place in the documentation, with which messages end. */
const DOCS = / \(node_modules\S+\)$/;

/** A file, or one signature of it. */
export interface Row {
  readonly name: string;
  readonly verdict: 'answered' | 'refused';
  /** Why a file is refused. */
  readonly reason?: string;
  /** The distance from LiteRT.js, or why that does not run the file. */
  readonly litert?: number | string;
}

/** @param names parts of the names of files; without any, all run @returns undefined where there is no archive */
export async function run(names: readonly string[], print: (line: string) => void = console.log) {
  const folder = unpacked('tflite-tests');
  if (folder === undefined) return undefined;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tflite'));
  const wanted = files.filter((name) => names.length === 0 || names.some((each) => name.includes(each))).sort();
  const rows = await withLiteRt('.', async (litert) => {
    const all: Row[] = [];
    for (const name of wanted) {
      const held = await hold(join(folder, name), litert);
      all.push(...held);
      for (const row of held) print(lineOf(row));
    }
    return all;
  });
  const of = (verdict: Row['verdict']) => new Set(rows.filter((row) => row.verdict === verdict).map(({ name }) => name.split(' ')[0]));
  const compared = rows.filter(({ litert }) => typeof litert === 'number');
  const off = compared.filter(({ litert }) => !((litert as number) <= MAX_ERROR));
  const counts = { files: wanted.length, answered: of('answered').size, refused: of('refused').size };
  const result = { passes: off.length === 0, ...counts, compared: compared.length, off: off.length, rows };
  print(`\n${wanted.length} files: ${counts.answered} answered, ${counts.refused} refused by name`);
  print(`${compared.length} rows compared with LiteRT.js, ${off.length} of them off by more than ${MAX_ERROR}`);
  return result;
}

async function hold(path: string, litert: LiteRt): Promise<readonly Row[]> {
  const name = basename(path);
  const bytes = readFileSync(path);
  const model = parseTflite(bytes, name);
  const signatures = model.signatures.length === 0 ? [undefined] : model.signatures;
  const rows: Row[] = [];
  for (const signature of signatures) {
    const row = { name: signatures.length > 1 ? `${name} ${(signature as TfliteSignature).key}` : name };
    try {
      const read = readTflite(model, signature, name);
      verify(read.graph);
      const feeds = feedsOf(read);
      const answers = [...openReference(read.graph).run(feeds).values()];
      rows.push({ ...row, verdict: 'answered', litert: await compared(litert, { name, bytes, signature }, read, feeds, answers) });
    } catch (thrown) {
      if (!(thrown instanceof PannierError) || thrown.code !== 'model-format') throw thrown;
      rows.push({ ...row, verdict: 'refused', reason: thrown.message.replace(DOCS, '') });
    }
  }
  return rows;
}

interface Given {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly signature: TfliteSignature | undefined;
}

/** The distance from LiteRT.js, or the reason why it does not run the file. */
async function compared(
  litert: LiteRt,
  { name, bytes, signature }: Given,
  { graph, ends }: ReadTflite,
  feeds: ReadonlyMap<string, Tensor>,
  answers: readonly Tensor[],
): Promise<number | string> {
  const given = ends.inputs.map(({ key }, index) => [key, feeds.get(graph.inputs[index]?.name as string) as Tensor] as const);
  const file = { bytes, signature: signature?.key };
  const outputs = await litert.run(name, file, new Map(given)).catch((thrown: unknown) => messageOf(thrown));
  if (typeof outputs === 'string') return outputs.replace(/^.*verify by: (?:page\.evaluate: )?/, '').replace(DOCS, '');
  const wanted = [...outputs.values()];
  const errors = ends.outputs.map(({ key }, index) => errorOf(outputs.get(key) ?? (wanted[index] as Tensor), answers[index] as Tensor));
  return Math.max(...errors);
}

/** The largest distance in an output; infinite where a shape or a NaN differs. */
function errorOf(wanted: Pick<Tensor, 'shape'> & { readonly data: ArrayLike<number> }, got: Tensor): number {
  if (wanted.shape.join() !== got.shape.join()) return Number.POSITIVE_INFINITY;
  let [largest, farthest] = [0, 0];
  for (const [index, value] of got.data.entries()) {
    const other = wanted.data[index] as number;
    largest = Math.max(largest, Math.abs(other));
    farthest = Math.max(farthest, Object.is(value, other) ? 0 : Math.abs(value - other));
  }
  if (Number.isNaN(farthest)) return Number.POSITIVE_INFINITY;
  return farthest === 0 ? 0 : farthest / largest;
}

/** Seeded floats of both signs, small whole numbers, which are 0 where they are places, and booleans; open sizes are 1. */
function feedsOf({ graph }: ReadTflite): ReadonlyMap<string, Tensor> {
  const random = randomFrom(1);
  const hasPlaces = graph.nodes.some(({ op }) => /^(?:scatter|gather)/.test(op));
  const whole = () => (hasPlaces ? 0 : 1 + Math.floor(3 * random()));
  return new Map(
    graph.inputs.map((input) => {
      const { dataType, shape } = (input as TypedValue).type;
      const sizes = shape.map((size) => (isOpen(size) ? 1 : size));
      const make = () => (isFloat(dataType) ? 4 * random() - 2 : dataType === 'bool' ? Math.round(random()) : whole());
      const data = DATA_TYPES[dataType].from(Array.from({ length: sizeOf(sizes) }, make));
      return [input.name, { dataType, shape: sizes, data }] as const;
    }),
  );
}

function lineOf({ name, verdict, reason, litert }: Row): string {
  const told = typeof litert === 'number' ? `LiteRT.js ${litert === 0 ? 'the same' : `off by ${litert.toExponential(1)}`}` : litert;
  return `${verdict} ${name.padEnd(60)} ${reason ?? told}`;
}
