/** The compiled engine on wasm, started in this thread. */
import { lazily } from '../../base/lazily.js';
import { checkWebAssembly } from '../check-webassembly.js';
import type { StartEngine } from '../engine.js';
import { createEngine } from './engine.js';
import type * as HostParts from './host-parts.js';

export const start: StartEngine = async ({ hostParts }) => {
  checkWebAssembly();
  return createEngine(() => lazily<typeof HostParts>(() => (hostParts === undefined ? import('./host-parts.js') : import(hostParts))));
};
