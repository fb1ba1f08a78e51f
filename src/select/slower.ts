/** The message of a note that a model answers more slowly than it might: nobody asks `selection` of a page that works. */
import type { Candidate } from '../api/candidate.js';

/** For a model that cpu serves though wasm was allowed before it. */
export function slowerReason(selection: readonly Candidate[]): string | undefined {
  const wasm = selection.find(({ backend, state }) => backend === 'wasm' && state === 'refused');
  const serves = selection.find(({ state }) => state === 'chosen')?.backend;
  if (wasm === undefined || serves !== 'cpu') return undefined;
  return `The model runs on cpu, which is slower than wasm. wasm: ${wasm.reason}`;
}
