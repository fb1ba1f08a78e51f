/** Runs before each test file: `vi.waitFor` and `vi.waitUntil` have no setting for how long they wait. */
import { inject, vi } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Longest that a test waits for what comes by itself. */
    readonly patienceMs: number;
  }
}

const timeout = inject('patienceMs');
const { waitFor, waitUntil } = vi;
vi.waitFor = (step, options) => waitFor(step, typeof options === 'number' ? options : { timeout, ...options });
vi.waitUntil = (step, options) => waitUntil(step, typeof options === 'number' ? options : { timeout, ...options });
