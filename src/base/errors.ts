/**
 * One error class for the whole library. Errors are told apart by a literal `code`, because a string survives
 * `postMessage` and minifiers, and a class does not. An abort is no PannierError: it rejects with `signal.reason`.
 */
export const ERROR_CODES = {
  input: 'what predict was given does not fit the signature',
  options: 'an option of loadModel, predict or pack is not what it takes',
  manifest: 'the model source is not a packed model that this version reads',
  'model-format': 'a model file given to the packer is broken, hostile or not supported',
  'output-stale': 'pack --check found a packed folder that is out of date',
  budget: 'a packed model would cost more than its budget, or quantised weights would move its answers too far',
  'golden-mismatch': 'a graph does not answer as the training framework did: most often its preprocessing is declared wrong',
  integrity: 'bytes arrived that are not the ones the manifest names',
  'http-status': 'the server answered with an error status',
  offline: 'the network did not answer',
  'not-cached': "network: 'cache-only' found files of the model that are not in the cache",
  'cache-full': 'the cache has no room for a model that was to be prefetched',
  'cache-unavailable': 'the weights cache cannot be opened, read or written, or there is none',
  timeout: 'a stage passed its deadline',
  'backend-unavailable': 'no backend can run this model here',
  'backend-rejected': 'a backend started, but disagreed with the golden sample or crashed while it ran the graph',
  'out-of-memory': 'a backend or a download could not allocate',
  'device-lost': 'the GPU device was lost, or a shader on it failed',
  'worker-crashed': 'the worker ended or threw outside of a call',
  'worker-unresponsive': 'the worker had nothing to do and took no call',
  'policy-blocked': 'a browser policy (CSP, Trusted Types) forbids a step',
  predict: 'the backend threw while it ran the graph',
  'non-finite': 'an output holds NaN or an infinity',
  fallback: "the app's own fallback failed, or answered what does not fit the signature",
  disposed: 'the model was disposed',
} as const;

/** Tells one kind of failure from another. Each has a section in `docs/errors.md`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts about a failure: which asset, input, backend; wanted and got. */
export type ErrorDetail = Readonly<Record<string, unknown>>;

/** Codes for which the same call may succeed a little later. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['offline', 'timeout', 'worker-crashed', 'worker-unresponsive', 'device-lost']);

/** HTTP statuses below 500 after which a retry may succeed. From 500 on, a retry may always succeed. */
const RETRYABLE_STATUS: ReadonlySet<unknown> = new Set([408, 425, 429]);

/** The section of `docs/errors.md` on a code. The file ships with the package. */
const ADDRESS = 'node_modules/pannier/docs/errors.md#';
const ADDRESSES = new RegExp(` \\(${ADDRESS}[\\w-]+\\)`, 'g');

/**
 * Every failure of Pannier except an abort. The message says what failed and on which asset, input or option, what was wanted,
 * what came instead, the next step, and where to read more.
 */
export class PannierError extends Error {
  override readonly name = 'PannierError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;

  /** Compares names, because another realm or a second copy of this file has a class of its own. */
  static override [Symbol.hasInstance](thrown: unknown): boolean {
    return (thrown as Error | null | undefined)?.name === 'PannierError';
  }

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, options?: ErrorOptions) {
    // The message may contain another error's message or come from another thread: the address then stands once, at the end.
    super(`${message.replace(ADDRESSES, '')} (${ADDRESS}${code})`, options);
    this.code = code;
    this.detail = detail;
    const { status } = detail;
    this.retryable = code === 'http-status' ? RETRYABLE_STATUS.has(status) || (status as number) >= 500 : RETRYABLE.has(code);
  }
}

/** A PannierError as plain fields, for `postMessage`. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: ErrorDetail;
  readonly stack: string | undefined;
}

/** Turns anything thrown into a PannierError; a PannierError is returned as it is. */
export function asPannierError(thrown: unknown, code: ErrorCode, context: string): PannierError {
  if (thrown instanceof PannierError) return thrown;
  const reason = messageOf(thrown);
  return new PannierError(code, context === '' ? reason : `${context}: ${reason}`, {}, { cause: thrown });
}

/**
 * The message of anything thrown, as a part of a sentence, so without the address at the end of a PannierError's.
 * TF.js rejects with plain objects, and idb-keyval can reject with null.
 */
export function messageOf(thrown: unknown): string {
  try {
    const hasMessage = typeof thrown === 'object' && thrown !== null && 'message' in thrown;
    return String(hasMessage ? thrown.message : thrown).replace(ADDRESSES, '');
  } catch {
    // An object without a prototype cannot become a string, and a getter may throw.
    return 'something without a message was thrown';
  }
}

/** An error as `postMessage` can carry it; structured cloning drops its class and its own fields. */
export function toWire(error: PannierError): WireError {
  return { code: error.code, message: error.message, detail: error.detail, stack: error.stack };
}

/** Restores an error from {@link toWire}. */
export function fromWire(wire: WireError): PannierError {
  const error = new PannierError(wire.code, wire.message, wire.detail);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
