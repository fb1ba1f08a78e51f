/** `npm run soak -- gpu [--crashes 20] [--seed N]`: prints what became of every predict. Exit code 1 unless none hung and none was wrong. */
import { parseArgs } from 'node:util';
import { run } from './gpu.mjs';

const options = { crashes: { type: 'string' }, seed: { type: 'string' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
if (positionals.join() !== 'gpu') {
  console.error('npm run soak -- gpu [--crashes 20] [--seed N]');
  process.exit(1);
}
const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const result = await run(given);
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.passes ? 0 : 1;
