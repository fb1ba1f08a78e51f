/** Verifies the graph that was read: ONNX Runtime runs an .onnx file itself on the golden samples, too, and LiteRT.js a .tflite. */
import { DTYPES, type OwnedArray } from '../../base/dtype.js';
import { PannierError } from '../../base/errors.js';
import type { Graph } from '../../graph/graph.js';
import type { Manifest } from '../../manifest/manifest.js';
import { sharesOff } from '../golden/difference.js';
import type { Answers } from '../golden/golden.js';
import { feedData } from '../golden/run.js';
import type { Sampled } from '../golden/sampling.js';
import type { ReadModel } from '../model/read-model.js';
import type { GraphSignature } from '../model/signature.js';
import { badOption } from '../options.js';
import { withLiteRt } from './litert.js';
import { type Numbers, withOnnxRuntime } from './onnx-runtime.js';

/** The most that a value of an output may be off, as a share of the output's largest magnitude: what a backend may be off, too. */
const TOLERANCE = 1e-3;

/** The same for a file with values of float16, of which two neighbours lie 1e-3 apart. */
const FLOAT16_TOLERANCE = 1e-2;

/** The same for a file that rounds, as quantised ones do: two steps of 8 bits. Sums that differ in the last digit round up or down. */
const ROUNDED_TOLERANCE = 2e-2;

/**
 * Runs the golden samples of an .onnx file in ONNX Runtime, of a .tflite file in LiteRT.js in a browser. Outputs that golden samples do not compare are not compared here either.
 * @param sampled the answers of the graph as read
 * @param out the packed folder
 * @returns how far the outputs are off, which the manifest keeps
 * @throws {PannierError} `golden-mismatch` for an output that is off too far, `options` if the model is of another format or the runtime
 * is not installed, `model-format` if it does not run the file, `backend-unavailable` if LiteRT.js has no browser
 */
export async function verifyOriginal(
  read: ReadModel,
  signature: GraphSignature,
  sampled: Sampled,
  out: string,
): Promise<NonNullable<Manifest['verified']>> {
  const { file, onnx, tflite } = read;
  if (onnx !== undefined)
    return withOnnxRuntime(onnx, out, ({ runtime, run }) =>
      compared(read, signature, sampled, runtime, (given) => run(new Map([...onnx.constants, ...given]))),
    );
  if (tflite !== undefined)
    return withLiteRt(out, ({ runtime, run }) => compared(read, signature, sampled, runtime, (given) => run(file, tflite, given)));
  throw badOption(
    `Option verify runs a .tflite file in LiteRT.js, and an .onnx file without texts, columns or maps in ONNX Runtime. ${file} is neither; leave it out.`,
  );
}

/** Runs a file in what its format was made for. @param given inputs by the names in the file */
type Run = (given: ReadonlyMap<string, Numbers>) => Promise<ReadonlyMap<string, Numbers>>;

async function compared(
  { file, graph }: ReadModel,
  signature: GraphSignature,
  sampled: Sampled,
  runtime: string,
  run: Run,
): Promise<NonNullable<Manifest['verified']>> {
  const shares = await sharesOff(sampled, async (feeds, answers) => {
    const keys = new Map(signature.inputs.map(({ name, key }) => [name, key]));
    const given = feeds.map((feed) => [keys.get(feed.name) as string, { shape: feed.shape, data: feedData(feed) }] as const);
    return answersOf(await run(new Map(given)), signature, answers);
  });
  const most = toleranceOf(graph);
  for (const [output, share] of Object.entries(shares)) {
    if (share <= most) continue;
    throw new PannierError(
      'golden-mismatch',
      `${runtime} answers a golden sample otherwise than the graph that Pannier reads from ${file}: output "${output}" is off by ${share.toPrecision(2)} of its largest value (${most} is allowed). Please report it with the file, and do not ship the model.`,
      { output, share, tolerance: most },
    );
  }
  return { runtime, differences: Object.fromEntries(Object.entries(shares).map(([output, share]) => [output, bound(share)])) };
}

function toleranceOf({ nodes }: Graph): number {
  if (nodes.some(({ op }) => op === 'roundEven')) return ROUNDED_TOLERANCE;
  const isHalf = nodes.some(({ outputs }) => outputs.some(({ type }) => type?.dataType === 'float16'));
  return isHalf ? FLOAT16_TOLERANCE : TOLERANCE;
}

/** The outputs by the names that apps use, in the types of other answers. */
function answersOf(outputs: ReadonlyMap<string, Numbers>, signature: GraphSignature, wanted: Answers): Answers {
  return Object.fromEntries(
    signature.outputs.map(({ name, key }) => {
      const { dtype } = wanted[name] as Answers[string];
      const { shape, data } = outputs.get(key) as Numbers;
      return [name, { dtype, shape: [...shape], data: DTYPES[dtype].from(data) as OwnedArray }];
    }),
  );
}

/** The power of ten at or above a share: processors round otherwise in the last digits, and all of them write the same folder. */
const bound = (share: number): number => (share === 0 ? 0 : Number(`1e${Math.ceil(Math.log10(share))}`));
