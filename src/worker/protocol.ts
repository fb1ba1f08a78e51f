/** What crosses between the page and a backend's worker. One answer for every request, by `id`. */
import type { BackendStart } from '../backend/backend.js';
import type { EngineModel, Feed, RawOutput, RunResult } from '../engine/engine.js';
import type { WireError } from '../errors.js';

export type Request = { readonly id: number } & (
  | { readonly kind: 'start'; readonly options: Omit<BackendStart, 'device'> }
  | { readonly kind: 'open'; readonly session: number; readonly model: EngineModel }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: readonly Feed[]; readonly outputs: readonly string[] }
  | { readonly kind: 'close'; readonly session: number }
  | { readonly kind: 'memory' }
);

/** What each kind of request answers with. */
export interface Answers {
  readonly start: { readonly maxBufferBytes: number; readonly identity: string };
  readonly open: undefined;
  readonly run: RunResult;
  readonly close: undefined;
  readonly memory: { readonly tensors: number; readonly bytes: number };
}

/** `ready` comes once, before any answer: the script has loaded and listens. `lost` comes unasked, as the backend fails. */
export type Reply =
  | { readonly ready: true }
  | { readonly lost: WireError }
  | { readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly id: number; readonly error: WireError };

/** Buffers that move instead of being copied: all of them are the sender's own. */
export function transfersOf(message: Request): Transferable[] {
  switch (message.kind) {
    case 'start':
      return message.options.wasmBinary === undefined ? [] : [message.options.wasmBinary];
    case 'open':
      return [message.model.graph, ...new Set(message.model.weights)];
    case 'run':
      return message.feeds.flatMap((feed): Transferable[] => {
        if (feed.kind === 'tensor') return feed.data.buffer instanceof ArrayBuffer ? [feed.data.buffer] : [];
        return 'data' in feed.picture ? [] : [feed.picture];
      });
    default:
      return [];
  }
}

/** Two outputs may share a buffer only if the graph names one tensor twice; each is moved once. */
export const outputTransfers = (outputs: readonly RawOutput[]): Transferable[] => [...new Set(outputs.map(({ data }) => data.buffer))];
