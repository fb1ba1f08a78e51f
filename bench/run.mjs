/**
 * `npm run bench -- NAME`: prints ratios against a stated rival, both measured in one run, in turns.
 * Absolute times are this machine's and move with it; only ratios are quoted.
 */
const NAMES = ['compiled', 'compiled-threads', 'first', 'frames', 'layers', 'load', 'made', 'overhead'];
const [name = '', ...args] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  console.error(`npm run bench -- NAME [PAIRS | MODEL], with NAME one of: ${NAMES.join(', ')}`);
  process.exit(1);
}
const { run, report } = await import(`./${name}.mjs`);
const result = await run(...args.map((each) => (Number.isNaN(Number(each)) ? each : Number(each))));
report?.(result);
console.log(JSON.stringify(result, null, 2));
