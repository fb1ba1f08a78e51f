/** `npm run soak -- NAME`: prints what became of everything. Exit code 1 unless none hung and none was wrong. */
import { parseArgs } from 'node:util';

const SOAKS = {
  gpu: { usage: '[--crashes 20] [--seed N]', run: async (given) => (await import('./gpu.mjs')).run(given) },
  kills: {
    usage: '[--engine chromium|firefox] [--first-loads 200] [--updates 50] [--seed N]',
    run: async ({ 'first-loads': firstLoads = 200, ...given }) => (await import('./kills.mjs')).run({ firstLoads, ...given }),
  },
};
const options = Object.fromEntries(['crashes', 'engine', 'first-loads', 'updates', 'seed'].map((name) => [name, { type: 'string' }]));
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const soak = Object.hasOwn(SOAKS, positionals.join()) ? SOAKS[positionals.join()] : undefined;
if (soak === undefined) {
  for (const [name, { usage }] of Object.entries(SOAKS)) console.error(`npm run soak -- ${name} ${usage}`);
  process.exit(1);
}
const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === 'engine' ? value : Number(value)]));
const result = await soak.run(given);
console.log(JSON.stringify(result, null, 2));
process.exitCode = result.passes ? 0 : 1;
