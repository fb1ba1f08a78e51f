/** Each known fault of TF.js is still there, on cpu and wasm; on webgpu, `npm run evidence -- kernels` looks for it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KNOWN_FAULTS } from './known-faults.js';
import { OPEN } from './node-suites.js';
import type { Suite } from './suite.js';

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  let suite: Suite;
  beforeAll(async () => {
    suite = await OPEN[backend]();
  });
  afterAll(() => suite.dispose());

  it.each(KNOWN_FAULTS)('$op $fault, or is right', async (fault) => {
    const { kind, message } = await suite.verdictOf(fault);
    expect(kind === 'right', message).toBe(!fault.on.includes(backend));
  });
});

it.each(KNOWN_FAULTS)('a comment in $file names TF.js 4.22, which $op is wrong in', ({ file }) => {
  expect(readFileSync(`src/${file}`, 'utf8')).toMatch(/\/\/.*4\.22|\* .*4\.22/);
});
