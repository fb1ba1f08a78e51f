/**
 * Runs ONNX's node tests and prints a table by op, then what is wrong on the reference, and on the engines of those that are right there:
 * `npm run conformance -- onnx [NAME…]` also prints refusals.
 */

import { ENGINES, type EngineName, verdictOf } from './engines.js';
import { testFolders } from './folders.js';
import { type Outcome, outcomeOf, type Trial, VERDICTS, type Verdict } from './outcome.js';

const names = process.argv.slice(2);
const folders = testFolders();
if (folders === undefined) {
  console.log('skipped: ../shared/data/onnx-node-tests.tar.xz is not there. PANNIER_DATA says where its folder is.');
} else {
  const outcomes = folders.filter((folder) => names.length === 0 || names.some((each) => folder.includes(each))).map(outcomeOf);
  printTable(outcomes);
  for (const { name, verdict, reason } of outcomes)
    if (verdict === 'wrong' || (verdict === 'refused' && names.length > 0)) console.log(`${verdict} ${name}: ${reason}`);
  console.log(`\n${VERDICTS.map((each) => `${count(outcomes, each)} ${each}`).join(', ')}`);
  const wrongOnEngines = await runEngines(outcomes.filter(({ verdict }) => verdict === 'right'));
  process.exitCode = count(outcomes, 'wrong') + wrongOnEngines > 0 ? 1 : 0;
}

/** Runs tests on each engine, and prints what is wrong there. @returns how many are */
async function runEngines(right: readonly Outcome[]): Promise<number> {
  let wrong = 0;
  for (const engine of Object.keys(ENGINES) as EngineName[]) {
    const counts = { right: 0, refused: 0, wrong: 0 };
    for (const { name, trial } of right) {
      const verdict = await verdictOf(engine, trial as Trial);
      counts[verdict.kind]++;
      if (verdict.kind === 'wrong' || (verdict.kind === 'refused' && names.length > 0))
        console.log(`${verdict.kind} on ${engine}, ${name}: ${verdict.reason}`);
    }
    console.log(`on ${engine}: ${counts.right} right, ${counts.refused} refused, ${counts.wrong} wrong`);
    wrong += counts.wrong;
  }
  return wrong;
}

function count(all: readonly Outcome[], verdict: Verdict): number {
  return all.filter((each) => each.verdict === verdict).length;
}

function printTable(outcomes: readonly Outcome[]): void {
  const row = (first: string, cells: readonly string[]) =>
    console.log(`${first.padEnd(26)} ${cells.map((each) => each.padStart(13)).join('')}`);
  row('op', VERDICTS);
  for (const op of [...new Set(outcomes.map((each) => each.op))].sort()) {
    const all = outcomes.filter((each) => each.op === op);
    row(
      op,
      VERDICTS.map((each) => String(count(all, each) || '')),
    );
  }
}
