/**
 * The one table of engines: a row per engine, in it a row per target, which is the engine on a backend. Worker files,
 * binaries, what Rollup builds, what `pannier doctor` lists, what is raced and the versions in cache keys come from it.
 *
 * To add a target, add its row, the module `./ENGINE/BACKEND.ts`, which exports `start`, and its import in `local.ts`.
 *
 * Addresses are functions around a literal `new URL('…', import.meta.url)`: bundlers follow the literal, and nothing is
 * asked for before a call. Each of them is right in any file at the root of `dist`.
 */
import type { Target } from '../api/candidate.js';
import type { BackendName, EngineName } from '../base/backend-name.js';
import { VERSION } from '../base/versions.js';
import type { Manifest } from '../manifest/manifest.js';
import { graphOf } from './own-graph.js';

/** A file that ships with the package. Its name is its path in `dist`, and what the option `assetUrl` is asked by. */
export interface ShippedFile {
  readonly name: string;
  readonly url: () => string;
}

/** A shipped file that is verified before it is used. */
export interface ShippedBinary extends ShippedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** An engine on a backend. */
export interface TargetRow {
  /** The module worker, one self-contained file that Rollup makes of the module that `load` imports. */
  readonly worker: ShippedFile;
  /** Downloaded at the start and handed to the engine. */
  readonly binary?: ShippedBinary;
  /** The address of this module is given to the worker, which imports it when a model has parts that JavaScript computes. */
  readonly hostParts?: ShippedFile;
  /** Whether it is raced. One that is not is slower than all others: it is tried after them, and serves only if none is right. */
  readonly isRaced: boolean;
}

/** One engine. */
export interface EngineRow {
  /** Part of every cache key under which something is remembered of the engine. */
  readonly version: string;
  /** The name of the product, for messages. */
  readonly title: string;
  readonly targets: Readonly<Partial<Record<BackendName, TargetRow>>>;
}

/** TF.js's plain SIMD build; a test compares it with the installed package. */
export const WASM_BINARY: ShippedBinary = {
  name: 'tfjs-backend-wasm-simd.wasm',
  bytes: 424594,
  sha256: '77ebb28a6d34f371dbbf2086b7f2de8994acd8ea5a3cf1fa24d2c26c840cac7b',
  url: () => new URL('./tfjs-backend-wasm-simd.wasm', import.meta.url).href,
};

/** All engines. On a backend that several of them have, the first one supersedes the others. */
export const ENGINES: Readonly<Record<EngineName, EngineRow>> = {
  compiled: {
    version: VERSION,
    title: 'Pannier',
    targets: {
      wasm: {
        worker: { name: 'worker/compiled.js', url: () => new URL('./worker/compiled.js', import.meta.url).href },
        hostParts: { name: 'worker/host-parts.js', url: () => new URL('./worker/host-parts.js', import.meta.url).href },
        isRaced: true,
      },
    },
  },
  tfjs: {
    version: '4.22.0',
    title: 'TF.js',
    targets: {
      webgpu: {
        worker: { name: 'worker/webgpu.js', url: () => new URL('./worker/webgpu.js', import.meta.url).href },
        isRaced: true,
      },
      wasm: {
        worker: { name: 'worker/wasm.js', url: () => new URL('./worker/wasm.js', import.meta.url).href },
        binary: WASM_BINARY,
        isRaced: true,
      },
      cpu: {
        worker: { name: 'worker/cpu.js', url: () => new URL('./worker/cpu.js', import.meta.url).href },
        isRaced: false,
      },
    },
  },
};

const NAMES = Object.keys(ENGINES) as EngineName[];

/** The row of a target. Targets come from {@link targetsOn}, so that each has one. */
export const rowOf = ({ engine, backend }: Target): TargetRow => ENGINES[engine].targets[backend] as TargetRow;

/** Why a target cannot run a model, as far as the packer knows; undefined if it can. */
export const refusalOf = ({ engine, backend }: Target, { targets }: Pick<Manifest, 'targets'>): string | undefined =>
  targets[engine]?.refused[backend];

/** The engines with which a model may run on a backend; the first one supersedes the others. */
const enginesOn = (backend: BackendName, manifest: Pick<Manifest, 'targets'>): readonly EngineName[] =>
  NAMES.filter((name) => ENGINES[name].targets[backend] !== undefined && graphOf(name, manifest) !== undefined);

/**
 * The targets of a model on these backends, in the given order: of each backend the engine that supersedes all others there.
 * Where every engine refuses the model, the last one tells why.
 */
export const targetsOn = (backends: readonly BackendName[], manifest: Pick<Manifest, 'targets'>): readonly Target[] =>
  backends.map((backend) => {
    const engines = enginesOn(backend, manifest);
    const engine = engines.find((name) => refusalOf({ engine: name, backend }, manifest) === undefined) ?? (engines.at(-1) as EngineName);
    return { engine, backend };
  });

/** An engine and its version, as `tfjs@4.22.0`: with another version, nothing that was remembered counts. */
export const versionedName = (engine: EngineName): string => `${engine}@${ENGINES[engine].version}`;

/** All engines with their versions. */
export const versionedNames = (): string => NAMES.map(versionedName).join(' ');
