/** Finds the backends that lack a kernel of a graph. */
import type { KernelCall } from '../../engines/tfjs/profile.js';
import { KERNELS } from '../../formats/tfjs/tfjs-table.js';

/** Kernels that the graph calls and a backend lacks. */
export function missingKernels(calls: readonly KernelCall[]): Record<string, string[]> {
  const called = [...new Set(calls.map(({ name }) => name))].sort();
  const missing = Object.entries(KERNELS).map(([backend, kernels]): [string, string[]] => [
    backend,
    called.filter((name) => !kernels.has(name)),
  ]);
  return Object.fromEntries(missing.filter(([, names]) => names.length > 0));
}
