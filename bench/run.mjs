/**
 * `npm run bench -- NAME`: prints ratios against a stated rival, both measured in one run, in turns.
 * Absolute times are this machine's and move with it; only ratios are quoted.
 */
const NAMES = ['compiled', 'first', 'frames', 'layers', 'load', 'overhead'];
const [name = '', ...args] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  console.error(`npm run bench -- NAME [PAIRS | MODEL], with NAME one of: ${NAMES.join(', ')}`);
  process.exit(1);
}
const { run } = await import(`./${name}.mjs`);
console.log(JSON.stringify(await run(...args.map((each) => (Number.isNaN(Number(each)) ? each : Number(each)))), null, 2));
