/** ONNX Runtime, as an app has it installed: it runs an .onnx file without anything of Pannier. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.js';
import { widen } from '../../base/float16.js';
import { float16Bits } from '../../base/float16-bits.js';
import { broken } from '../../formats/file-fields.js';
import type { OnnxFile } from '../model/read-model.js';
import { badOption } from '../options.js';

/** The packages in the order of preference: both answer alike, and the first one is faster in Node. */
const PACKAGES = ['onnxruntime-node', 'onnxruntime-web'] as const;

/** Warnings are not printed: exporters leave initializers that no node takes, and each has one. */
const ONLY_ERRORS = 3;

/** A tensor of ONNX Runtime, whose integers of 64 bits are bigints. */
interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number> | BigInt64Array;
}

interface OrtSession {
  readonly inputMetadata: readonly { readonly name: string; readonly type: string }[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The exports of both packages that are used here. */
interface Ort {
  readonly env: { readonly versions: Readonly<Record<string, string | undefined>> };
  readonly InferenceSession: { create(path: string, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: ArrayLike<number> | BigInt64Array, dims: readonly number[]) => OrtTensor;
}

/** Numbers and their sizes, whatever type the file gives them. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** An .onnx file that is open in ONNX Runtime. */
export interface OnnxSession {
  /** The package with its version, such as `onnxruntime-node 1.30.0`. */
  readonly runtime: string;
  /** @returns outputs by the names in the file. @param feeds inputs by the names in the file */
  run(feeds: ReadonlyMap<string, Numbers>): Promise<ReadonlyMap<string, Numbers>>;
}

/**
 * Opens an .onnx file in ONNX Runtime, hands it to `use` and frees it.
 * @param out the packed folder; the package is looked for from there, then from the current folder
 * @throws {PannierError} `options` if the package is not installed, `model-format` if it does not run the file
 */
export async function withOnnxRuntime<T>(file: OnnxFile, out: string, use: (session: OnnxSession) => Promise<T>): Promise<T> {
  const { name, path } = installed(out);
  const imported = (await import(pathToFileURL(path).href)) as { readonly default?: Ort } & Ort;
  const ort = imported.default?.InferenceSession === undefined ? imported : imported.default;
  const runtime = `${name} ${ort.env.versions[name.slice('onnxruntime-'.length)] ?? ''}`.trim();
  const named = async <R>(step: Promise<R>): Promise<R> => {
    try {
      return await step;
    } catch (thrown) {
      throw broken(`${runtime} does not run ${file.path}, so that there is nothing to verify by: ${messageOf(thrown)}`);
    }
  };
  const session = await named(ort.InferenceSession.create(file.path, sessionOptions(file, name)));
  const typeOf = (input: string) => session.inputMetadata.find((each) => each.name === input)?.type ?? 'float32';
  try {
    return await use({
      runtime,
      async run(feeds) {
        const tensors = [...feeds].map(([input, { shape, data }]) => {
          const type = typeOf(input);
          return [input, new ort.Tensor(type, arrayOf(type, data), shape)] as const;
        });
        const outputs = await named(session.run(Object.fromEntries(tensors)));
        return new Map(Object.entries(outputs).map(([output, tensor]) => [output, numbersOf(tensor)]));
      },
    });
  } finally {
    await session.release();
  }
}

function installed(out: string): { readonly name: (typeof PACKAGES)[number]; readonly path: string } {
  for (const folder of [out, process.cwd()]) {
    const { resolve } = createRequire(join(folder, 'package.json'));
    for (const name of PACKAGES) {
      try {
        return { name, path: resolve(name) };
      } catch {
        // The package is not installed there.
      }
    }
  }
  throw badOption(`Option verify needs ONNX Runtime, which is not installed in this app: npm install -D ${PACKAGES[0]}.`);
}

/**
 * The options of a session. Both packages share one table of backends in a process, so that each has to name its own.
 * onnxruntime-web opens no file beside the model by itself.
 */
function sessionOptions({ path, weightFiles }: OnnxFile, name: (typeof PACKAGES)[number]): object {
  if (name === 'onnxruntime-node') return { logSeverityLevel: ONLY_ERRORS, executionProviders: ['cpu'] };
  const externalData = weightFiles.map((file) => ({ path: file, data: join(dirname(path), file) }));
  return { logSeverityLevel: ONLY_ERRORS, executionProviders: ['wasm'], externalData };
}

const ARRAYS = {
  float32: Float32Array,
  int32: Int32Array,
  int16: Int16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** The array that a tensor of ONNX Runtime takes. float16 is given by its bits. */
function arrayOf(type: string, data: ArrayLike<number>): ArrayLike<number> | BigInt64Array {
  if (type === 'int64') return BigInt64Array.from(Array.from(data, BigInt));
  if (type === 'float16') return Uint16Array.from(data, float16Bits);
  return ARRAYS[type as keyof typeof ARRAYS].from(data);
}

/** Node 24 and newer have an array for float16; before, the bits come. */
function numbersOf({ type, dims, data }: OrtTensor): Numbers {
  if (data instanceof BigInt64Array) return { shape: dims, data: Array.from(data, Number) };
  return { shape: dims, data: type === 'float16' && data instanceof Uint16Array ? widen(data) : data };
}
