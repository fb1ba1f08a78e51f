/** Finds the backends of TF.js that lack a kernel of a graph. */
import type { KernelCall } from '../../engines/tfjs/profile.js';
import { KERNELS } from '../../formats/tfjs/tfjs-table.js';
import type { Refused } from '../../manifest/assets.js';

/** By backend, the kernels that the graph calls and the backend lacks, in a sentence; a backend that lacks none is left out. */
export function refusalsOf(calls: readonly KernelCall[]): Refused {
  const called = [...new Set(calls.map(({ name }) => name))].sort();
  const missing = Object.entries(KERNELS).map(([backend, kernels]) => [backend, called.filter((name) => !kernels.has(name))] as const);
  return Object.fromEntries(
    missing.flatMap(([backend, names]) => (names.length > 0 ? [[backend, `it lacks the kernels ${names.join(', ')}`]] : [])),
  );
}
