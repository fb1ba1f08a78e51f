/** Work that ends whenever it is told to, and leaves nothing behind. */
import { abortable } from '../../src/base/promise.js';
import { statusLine } from './print.js';

/** Is given each step that undoes something, before there is anything to undo. */
export type OnUndo = (undo: () => Promise<unknown>) => void;

/** The tools that an interruptible task gets. */
export interface Surroundings {
  readonly onUndo: OnUndo;
  /** Shows one line of progress; `''` takes it away. */
  readonly status: (text: string) => void;
  /** Aborts where nothing new should be begun. */
  readonly signal: AbortSignal;
}

/** Ctrl-C, or another signal that ends a program. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;
  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

/**
 * Does it all, and leaves nothing behind: not after an error, nor after Ctrl-C. A second Ctrl-C does not wait.
 * @throws {Interrupted}
 */
export async function untilInterrupted<T>(work: (surroundings: Surroundings) => Promise<T>): Promise<T> {
  const status = statusLine(process.stderr);
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupt.abort(new Interrupted(signal));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, onSignal);
  try {
    return await withUndo((onUndo) => abortable(work({ onUndo, status, signal: interrupt.signal }), interrupt.signal));
  } finally {
    status('');
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Undoes whatever `work` did, the newest first, when it is done or has failed. */
export async function withUndo<T>(work: (onUndo: OnUndo) => Promise<T>): Promise<T> {
  const steps: (() => Promise<unknown>)[] = [];
  try {
    return await work((undo) => steps.push(undo));
  } finally {
    for (const step of steps.reverse()) await step().catch(() => undefined);
  }
}
