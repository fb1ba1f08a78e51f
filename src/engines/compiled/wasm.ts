/** The compiled engine on wasm, started in this thread. */
import { lazily } from '../../base/lazily.js';
import { checkWebAssembly } from '../check-webassembly.js';
import type { StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import { importHostParts } from './import-host-parts.js';

export const start: StartEngine = async ({ hostParts }) => {
  checkWebAssembly();
  return createEngine(() => lazily(() => importHostParts(hostParts)));
};
