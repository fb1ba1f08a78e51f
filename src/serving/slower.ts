/** The note that a model answers more slowly than it might: nobody asks `selection` of a page that works. */
import type { Candidate } from '../backend/choose.js';
import type { Note } from '../prediction.js';

/** For a model that cpu serves though wasm was allowed before it. */
export function slowerNote(selection: readonly Candidate[]): Note | undefined {
  const wasm = selection.find(({ backend, state }) => backend === 'wasm' && state === 'refused');
  const serves = selection.find(({ state }) => state === 'chosen')?.backend;
  if (wasm === undefined || serves !== 'cpu') return undefined;
  return { code: 'wasm-refused', message: `The model runs on cpu, which is slower than wasm. wasm: ${wasm.reason}` };
}
