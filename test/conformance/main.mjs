/**
 * `npm run conformance`: all models on wasm, written as evidence. `npm run conformance -- NAME… [--webgpu NAME,…]`
 * runs some, and writes nothing.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './run.mjs';

const { values, positionals } = parseArgs({ options: { webgpu: { type: 'string' } }, allowPositionals: true });
if (positionals.length === 0 && values.webgpu === undefined) {
  const evidence = fileURLToPath(new URL('../evidence/run.mjs', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [evidence, 'conformance'], { stdio: 'inherit' }).status ?? 1;
} else {
  const webgpu = values.webgpu?.split(',') ?? [];
  const { passes } = await run({ models: [...new Set([...positionals, ...webgpu])], webgpu });
  process.exitCode = passes ? 0 : 1;
}
