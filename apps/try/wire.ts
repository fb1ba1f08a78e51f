/** The messages between the page and the server of `pannier try`. Types only. */
import type { BackendName } from '../../src/base/backend-name.js';
import type { DType } from '../../src/base/dtype.js';
import type { ErrorCode } from '../../src/base/errors.js';
import type { ColumnSpec, ImageSpec } from '../../src/manifest/manifest.js';
import type { Dim, ValueKind } from '../../src/manifest/signature.js';
import type { PackOptions } from '../../src/pack/options.js';

/** One input of the model, as the file declares it or as the folder was packed. */
export interface InputFace {
  /** The graph's node, by which options name it. */
  readonly node: string;
  /** The name for apps by default. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
  /** Present for a packed folder, and where the file says it. */
  readonly image?: ImageSpec;
  readonly columns?: readonly ColumnSpec[];
}

export interface OutputFace {
  readonly node: string;
  readonly name: string;
  /** Undefined if the file does not say. */
  readonly shape?: readonly Dim[] | null;
  /** Present for a packed folder only. */
  readonly labels?: readonly string[];
  readonly values?: ValueKind;
}

/** The answer of `/about.json`: the model to try. */
export type About = {
  /** The path as an app's config would give it, relative to the working directory. */
  readonly model: string;
  readonly backend: 'auto' | readonly BackendName[];
} & (
  | { readonly kind: 'file'; readonly name: string; readonly inputs: readonly InputFace[]; readonly outputs: readonly OutputFace[] }
  // The folder's model.js has the rest.
  | { readonly kind: 'folder'; readonly url: string }
);

/** The file `layers.json` beside a packed `model.js`: the graph after packing, which is the one that runs. */
export interface Layers {
  /** The whole graph, a line for each node. */
  readonly text: string;
  /** The nodes in the order in which they run. */
  readonly rows: readonly {
    readonly op: string;
    /** The name of the node in the model file. */
    readonly name: string;
    /** The types of its outputs, such as `float32[1, 64, 64, 24]`. */
    readonly gives: string;
    /** Bytes of the weights that this node takes before any other one, as they are stored. */
    readonly weightBytes: number;
  }[];
}

/** The options that the page may send. Paths are not among them; only the command line gives paths. */
export type PackRequest = Pick<PackOptions, 'name' | 'inputs' | 'outputs'>;

/** The answer of `POST /pack`. */
export type PackAnswer =
  | { readonly url: string; readonly warnings: readonly string[]; readonly bytes: number }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };
