/** Turns the outputs that a test defines into outputs as an engine gives them. */

import { typeName } from '../base/describe.js';
import { DTYPES, sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import { meant } from '../base/nearest.js';
import type { RawOutput } from '../engines/engine.js';
import type { GoldenSpec, Manifest, OutputSpec } from '../manifest/manifest.js';
import { givenOutput } from '../predict/given-output.js';
import type { Feed } from '../preprocess/feed.js';

/** The values of an output: a typed or plain array, or a tensor, whose shape gives the open sizes. */
export type FakeValues = ArrayLike<number> | { readonly data: ArrayLike<number>; readonly shape?: readonly number[] };

/** Values by output. An output that is left out is zeros; open sizes are those of the inputs, else of the golden sample. */
export type FakeOutputs<O> = { readonly [Name in keyof O]?: FakeValues };

/** Gives an output by its name, in memory of its own, for what the graph would be fed. */
type Answer = (name: string, feeds: readonly Feed[]) => RawOutput;

/** Checks the outputs of a test; throws `options` if they do not fit the model. */
export const outputMaker =
  (manifest: Manifest) =>
  (said: object): Answer => {
    const { name: model, golden } = manifest;
    const { inputs, outputs: specs } = manifest.signature;
    // A promise has no outputs of its own and would be taken as zeros.
    if (typeof said !== 'object' || said === null || typeof (said as { then?: unknown }).then === 'function')
      throw wrong(`The outputs of fake model "${model}" should be an object of values by name, but are ${typeName(said)}.`);
    const names = Object.keys(specs);
    for (const name of Object.keys(said))
      if (!names.includes(name))
        throw wrong(`Fake model "${model}" has no output "${name}". Its outputs are ${names.join(', ')}.${meant(name, names)}`);
    const made = new Map(
      Object.entries(specs).map(([name, spec]) => {
        const values = (said as Readonly<Record<string, FakeValues | undefined>>)[name];
        const sampled = sampledShape(golden, name);
        const output = values === undefined ? undefined : givenOutput(name, spec, values, wrong, sampled);
        return [
          name,
          (feeds: readonly Feed[]) => output ?? zeros(spec, sampled, bucketOf(inputs, feeds), batchOf(manifest, feeds)),
        ] as const;
      }),
    );
    return (name, feeds) => {
      const output = (made.get(name) as (feeds: readonly Feed[]) => RawOutput)(feeds);
      return { ...output, data: output.data.slice() };
    };
  };

/** The shape of an output of the golden sample; sizes that depend on values are 1. */
const sampledShape = ({ samples: [{ outputs }] }: GoldenSpec, name: string): readonly number[] | undefined =>
  outputs[name]?.shape.map((size) => size ?? 1);

function zeros(
  { dtype, shape, lengthAxes }: OutputSpec,
  golden: readonly number[] | undefined,
  bucket: number | undefined,
  batch: Batch | undefined,
): RawOutput {
  const sampled = golden ?? shape?.map((dim) => dim ?? 1) ?? [];
  // Like an engine, the fake answers for the padded length, which is then cut as in production.
  const dims = sampled.map((dim, axis) => {
    if (lengthAxes?.includes(axis)) return bucket ?? dim;
    // An open first size that equals the golden sample's rows counts rows; any other counts something else.
    return axis === 0 && shape?.[0] === null && dim === batch?.sampled ? batch.rows : dim;
  });
  return { dtype, shape: dims, data: new DTYPES[dtype](sizeOf(dims)) };
}

/** The common length of the padded inputs; feeds are in the order of the inputs. */
function bucketOf(inputs: Manifest['signature']['inputs'], feeds: readonly Feed[]): number | undefined {
  const index = Object.values(inputs).findIndex(({ pad }) => pad !== undefined);
  const axis = Object.values(inputs)[index]?.pad?.axis;
  return axis === undefined ? undefined : feeds[index]?.shape[axis];
}

/** The rows of inputs whose first size is open: in a call, and in the golden sample (1 if it has none). */
interface Batch {
  readonly rows: number;
  readonly sampled: number;
}

function batchOf({ signature: { inputs }, golden }: Manifest, feeds: readonly Feed[]): Batch | undefined {
  const index = Object.values(inputs).findIndex(({ shape, pad }) => shape?.[0] === null && pad?.axis !== 0);
  const rows = feeds[index]?.shape[0];
  return rows === undefined ? undefined : { rows, sampled: golden.samples[0].inputs[Object.keys(inputs)[index] as string]?.shape[0] ?? 1 };
}

const wrong = (message: string): PannierError => new PannierError('options', message);
