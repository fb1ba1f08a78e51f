/** A fallback over the Open Inference Protocol, version 2, over HTTP, which Triton, KServe, MLServer and OpenVINO speak. */

import type { Fallback, FallbackOutputs } from '../api/fallback.js';
import { type DType, sizeOf } from '../base/dtype.js';
import { PannierError } from '../base/errors.js';
import { type Checks, callable, checkCall, text } from '../base/fields.js';
import { record } from '../base/lazy-checks.js';
import { meant } from '../base/nearest.js';
import type { PlatformFetch } from '../base/platform.js';
import type { Tensor, TensorSpec } from '../manifest/signature.js';
import { breach, postJson } from './post.js';

/** Options of {@link openInference}. */
export interface OpenInferenceOptions {
  /** The model's name on the server. @default the packed model's name */
  readonly model?: string;
  /** The model's version on the server. @default the server's choice */
  readonly version?: string;
  /** The server's names of inputs, by their names here. @default the same names */
  readonly inputs?: Readonly<Record<string, string>>;
  /** The server's names of outputs, by their names here. @default the same names */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Sent with every request, for instance a token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the requests. @default globalThis.fetch */
  readonly fetch?: PlatformFetch;
}

const CHECKS: Checks<OpenInferenceOptions> = {
  ...{ model: text, version: text },
  ...{ inputs: record(text), outputs: record(text), headers: record(text) },
  fetch: callable,
};

const DATATYPES: Readonly<Record<DType, string>> = { float32: 'FP32', int32: 'INT32', bool: 'BOOL', uint8: 'UINT8', int8: 'INT8' };

/**
 * Makes a fallback for `loadModel` that asks a server. Pictures and rows are sent as the tensors that the graph would take.
 * @param url the part before `/v2` of the server's addresses; on a page it may be relative
 * @returns a function that rejects with a PannierError: `http-status`, `offline`, `fallback` if the answer breaks the
 * protocol, `input` if a value cannot be written as JSON, `options` if a name is none of the model's
 * @throws {PannierError} `options`
 */
// biome-ignore lint/suspicious/noExplicitAny: it suits every model, made before it knows which
export function openInference(url: string, options: OpenInferenceOptions = {}): Fallback<any, never> {
  checkCall('openInference', options, CHECKS);
  if (typeof url !== 'string') throw new PannierError('options', `openInference takes the address of a server, but got ${String(url)}.`);
  const { version, headers = {} } = options;
  return async (_inputs, { model, signature, outputs, signal, tensors }) => {
    const inputThere = naming('inputs', signature.inputs, options.inputs);
    const outputThere = naming('outputs', signature.outputs, options.outputs);
    const path = ['models', options.model ?? model, ...(version === undefined ? [] : ['versions', version])];
    const address = `${url.replace(/\/+$/, '')}/v2/${path.map(encodeURIComponent).join('/')}/infer`;
    const specs = outputs.map((name) => signature.outputs[name] as TensorSpec);
    const body = {
      // The server repeats the id and may log it. Pages without https have no randomUUID.
      id: [Date.now(), Math.random() * 2 ** 52].map((part) => Math.floor(part).toString(36)).join('-'),
      inputs: Object.entries(await tensors()).map(([name, tensor]) => {
        const { dtype, shape } = tensor;
        return { name: inputThere(name), shape, datatype: DATATYPES[dtype], data: jsonValues(name, tensor) };
      }),
      outputs: outputs.map((name) => ({ name: outputThere(name) })),
    };
    const { fetch = globalThis.fetch } = options;
    const post = { fetch, headers, body, signal: signal as AbortSignal, maxBytes: maxBytes(specs) };
    const answered = readAnswer(address, await postJson(address, post), body);
    const read = outputs.map((name, index) => [name, readOutput(address, answered, outputThere(name), specs[index] as TensorSpec)]);
    return Object.fromEntries(read) as FallbackOutputs<never>;
  };
}

/** The map from names here to names on the server; a name that the model lacks is refused, since it would have no effect. */
function naming(option: string, specs: object, names: Readonly<Record<string, string>> = {}): (name: string) => string {
  const unknown = Object.keys(names).find((name) => !Object.hasOwn(specs, name));
  if (unknown === undefined) return (name) => names[name] ?? name;
  const known = Object.keys(specs);
  const message = `openInference's option ${option} names "${unknown}", but the model has ${known.join(', ')}.${meant(unknown, known)}`;
  throw new PannierError('options', message, { option, name: unknown });
}

function jsonValues(name: string, { dtype, data }: Tensor): (number | boolean)[] {
  if (dtype === 'bool') return Array.from(data, Boolean);
  if (dtype === 'int32') return Array.from(data);
  const other = data.find((value) => !Number.isFinite(value));
  if (other !== undefined) throw new PannierError('input', `Input "${name}" holds ${other}, which JSON does not.`, { input: name });
  // Nine digits tell every float32 from its neighbours; the seventeen of a double would make the body twice as long.
  return Array.from(data, (value) => Number(value.toPrecision(9)));
}

/** Most values of outputs with open sizes: 256 MiB of answer. */
const MAX_VALUES = 2 ** 22;

/** A number takes 25 characters at most, and a few more if every line is indented. */
function maxBytes(specs: readonly TensorSpec[]): number {
  const values = specs.reduce(
    (sum, { shape }) => sum + (shape?.every((dim) => dim !== null) ? sizeOf(shape as readonly number[]) : MAX_VALUES),
    0,
  );
  return 2 ** 20 + 64 * values;
}

interface AnsweredOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly unknown[];
}

interface Asked {
  readonly id: string;
  readonly outputs: readonly { readonly name: string }[];
}

const isSizes = (value: unknown): boolean => Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** The outputs of an answer, after a check that it answers this request. */
function readAnswer(url: string, answer: unknown, asked: Asked): readonly AnsweredOutput[] {
  const { id, outputs } = (answer ?? {}) as { readonly id?: unknown; readonly outputs?: unknown };
  if (!Array.isArray(outputs)) throw breach(url, 'answered without "outputs"');
  // The protocol requires the id if the request had one, and some servers leave it out all the same.
  if (id !== undefined && id !== asked.id) throw breach(url, `answered request ${JSON.stringify(id)} in place of "${asked.id}"`);
  for (const [index, output] of outputs.entries()) {
    const { name, shape, datatype, data } = (output ?? {}) as Readonly<Record<keyof AnsweredOutput, unknown>>;
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isSizes(shape) || !Array.isArray(data))
      throw breach(url, `answered outputs[${index}] without a name, a datatype, a shape of sizes, or data`);
  }
  const names = (listed: readonly { readonly name: string }[]) => listed.map(({ name }) => name).sort();
  const [wanted, got] = [names(asked.outputs), names(outputs as AnsweredOutput[])].map((listed) => listed.join(', '));
  if (wanted !== got) throw breach(url, `should answer the outputs ${wanted}, but answered ${got || 'none'}`, { wanted, got });
  return outputs;
}

function readOutput(url: string, answered: readonly AnsweredOutput[], name: string, { dtype }: TensorSpec) {
  const { datatype, shape, data } = answered.find((output) => output.name === name) as AnsweredOutput;
  const wanted = DATATYPES[dtype];
  if (datatype !== wanted) throw breach(url, `answered the output "${name}" in ${datatype}, but the model has ${wanted}`, { output: name });
  const flat = data.flat(Number.POSITIVE_INFINITY);
  // JSON has no word for NaN; servers write null.
  return { dtype, shape, data: dtype === 'float32' ? flat.map((value) => value ?? Number.NaN) : flat };
}
