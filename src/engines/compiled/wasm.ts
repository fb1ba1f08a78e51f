/** The compiled engine on wasm, started in this thread. */
import { checkWebAssembly } from '../check-webassembly.js';
import type { StartEngine } from '../engine.js';
import { createEngine } from './engine.js';

export const start: StartEngine = async () => {
  checkWebAssembly();
  return createEngine();
};
