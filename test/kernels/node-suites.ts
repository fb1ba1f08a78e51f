/** The suite on the backends of Node, in the repository's root. */
import { readFileSync } from 'node:fs';
import { WASM_BINARY } from '../../src/engines/registry.js';
import { start as startCpu } from '../../src/engines/tfjs/cpu.js';
import { start as startWasm } from '../../src/engines/tfjs/wasm.js';
import { openSuite } from './suite.js';

const binary = readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${WASM_BINARY.name}`);

/** Opens the suite on a backend. */
export const OPEN = {
  cpu: () => openSuite('cpu', startCpu, () => ({})),
  wasm: () => openSuite('wasm', startWasm, () => ({ binary: new Uint8Array(binary).buffer })),
} as const;
