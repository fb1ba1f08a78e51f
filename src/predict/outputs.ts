/** The outputs of one call: which are read, and in whose arrays they end. */

import type { PredictOptions } from '../api/model.js';
import { typeName } from '../base/describe.js';
import { DTYPES, type DType, shapeText, sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import { meant } from '../base/nearest.js';
import type { RawOutput } from '../engines/engine.js';
import type { Manifest, OutputSpec } from '../manifest/manifest.js';
import type { AnyOutputs, Tensor } from '../manifest/signature.js';
import { type PaddedLength, unpad } from '../preprocess/pad.js';

/** Outputs to read, by name. */
type WantedOutputs = readonly (readonly [name: string, spec: OutputSpec])[];

type Asked = Pick<PredictOptions, 'outputs' | 'into'>;

/**
 * The outputs to read.
 * @param states those that the handle reads for its next call, whether or not the app asks for them
 * @throws {PannierError} `input` where a name is none of the model's.
 */
export function wantedOutputs(
  specs: Manifest['signature']['outputs'],
  { outputs, into = {} }: Asked,
  states: readonly string[],
): WantedOutputs {
  const asked = outputs ?? Object.keys(specs);
  const names = states.length === 0 ? asked : [...new Set([...asked, ...states])];
  for (const name of [...names, ...Object.keys(into)]) {
    if (Object.hasOwn(specs, name)) continue;
    const known = Object.keys(specs);
    const message = `The model has no output "${name}". Its outputs are ${known.join(', ')}.${meant(name, known)}`;
    throw new PannierError('input', message, { output: name });
  }
  for (const [name, target] of Object.entries(into)) {
    const { dtype, shape } = specs[name] as OutputSpec;
    // An open size is known only when the answer is.
    if (shape?.every((dim) => dim !== null)) checkTarget(name, target, dtype, shape as readonly number[]);
  }
  return names.map((name) => [name, specs[name] as OutputSpec] as const);
}

function checkTarget(name: string, target: Tensor['data'] | undefined, dtype: DType, shape: readonly number[]): void {
  if (target === undefined) return;
  const wanted = DTYPES[dtype].name;
  const length = sizeOf(shape);
  // By name: arrays of another realm are not `instanceof` ours.
  if (typeName(target) === wanted && target.length === length) return;
  const message = `into.${name} should be a ${wanted} of ${length} values for ${shapeText(shape)}, but is ${typeName(target)} of ${target.length}.`;
  throw new PannierError('input', message, { output: name });
}

/**
 * Names an engine's outputs, cuts padding off, and copies them into the caller's arrays.
 * @param check throws where an output is no answer, before anything is written
 * @throws {PannierError} `input` where one of the caller's arrays does not fit; then nothing is written.
 */
export function namedOutputs(
  wanted: WantedOutputs,
  answers: readonly RawOutput[],
  length: PaddedLength | undefined,
  { into = {} }: Asked,
  check: (name: string, output: RawOutput) => void,
): AnyOutputs {
  const targets = into as Readonly<Record<string, Tensor['data'] | undefined>>;
  const outputs = wanted.map(([name, spec], index) => {
    const answer = answers[index] as RawOutput;
    const own = length === undefined ? answer : unpad(answer, spec.lengthAxes ?? [], length);
    check(name, own);
    return { name, spec, own, target: targets[name] };
  });
  for (const { name, own, target } of outputs) checkTarget(name, target, own.dtype, own.shape);
  for (const { own, target } of outputs) target?.set(own.data);
  return Object.fromEntries(outputs.map(({ name, spec, own, target }) => [name, tensorOf(spec, own, target ?? own.data)]));
}

/** Fields that an output does not have are no spread of nothing, which takes V8 a call into its runtime: as long as a small layer. */
function tensorOf({ labels, values, layout }: OutputSpec, { dtype, shape }: RawOutput, data: Tensor['data']): AnyOutputs[string] {
  const plain = { dtype, shape, data };
  const labelled = labels === undefined ? plain : { ...plain, labels, values: values ?? 'probabilities' };
  return layout === undefined ? labelled : { ...labelled, layout };
}
