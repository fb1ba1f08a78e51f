/** What the page and the server of `pannier try` say to each other. Types only. */
import type { BackendName } from '../../src/base/backend-name.js';
import type { DType } from '../../src/base/dtype.js';
import type { ErrorCode } from '../../src/base/errors.js';
import type { ColumnSpec, ImageSpec } from '../../src/manifest/manifest.js';
import type { Dim, ValueKind } from '../../src/manifest/signature.js';
import type { PackOptions } from '../../src/pack/options.js';

/** One input of the model, as the file declares it or as the folder was packed. */
export interface InputFace {
  /** What options call it: the graph's node. */
  readonly node: string;
  /** What apps would call it if nobody said anything. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
  /** Of a packed folder only. */
  readonly image?: ImageSpec;
  readonly columns?: readonly ColumnSpec[];
}

export interface OutputFace {
  readonly node: string;
  readonly name: string;
  /** Undefined: the file does not say. */
  readonly shape?: readonly Dim[] | null;
  /** Of a packed folder only. */
  readonly labels?: readonly string[];
  readonly values?: ValueKind;
}

/** What there is to try: `/about.json`. */
export type About = {
  /** As an app's config would name it, relative to where the command runs. */
  readonly model: string;
  readonly backend: 'auto' | readonly BackendName[];
} & (
  | { readonly kind: 'file'; readonly name: string; readonly inputs: readonly InputFace[]; readonly outputs: readonly OutputFace[] }
  // A folder's own model.js says the rest.
  | { readonly kind: 'folder'; readonly url: string }
);

/** What the page may say of a model. No paths: those are the command line's. */
export type PackRequest = Pick<PackOptions, 'name' | 'inputs' | 'outputs'>;

/** What `POST /pack` answers. */
export type PackAnswer =
  | { readonly url: string; readonly warnings: readonly string[]; readonly bytes: number }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };
