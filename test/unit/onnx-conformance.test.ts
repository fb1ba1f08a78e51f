/** The reader of ONNX models on ONNX's own node tests; `npm run conformance -- onnx` prints them by op. */
import { beforeAll, expect, test } from 'vitest';
import { ENGINES, type EngineName, verdictOf } from '../conformance/onnx/engines.js';
import { testFolders } from '../conformance/onnx/folders.js';
import { type Outcome, outcomeOf, type Trial } from '../conformance/onnx/outcome.js';

/** Tests that have to hold on the reference. */
const HOLD = 1_100;

const folders = testFolders();

let outcomes: readonly Outcome[];
beforeAll(() => {
  outcomes = (folders ?? []).map(outcomeOf);
});

test.runIf(folders !== undefined)("no op answers otherwise than ONNX's own tests want", () => {
  expect(outcomes.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
  expect(outcomes.filter(({ verdict }) => verdict === 'right').length).toBeGreaterThanOrEqual(HOLD);
  // A refusal names what is refused: the node and its op, or the opset.
  const refusals = outcomes.filter(({ verdict }) => verdict === 'refused').map(({ reason }) => reason);
  expect(refusals.filter((reason) => !/^Node ".+" \(\w+\) .+\.|of ONNX opset \d/.test(reason ?? ''))).toEqual([]);
});

test.runIf(folders !== undefined).each(Object.keys(ENGINES) as EngineName[])(
  'what holds on the reference holds on %s, too',
  async (engine) => {
    const wrong: unknown[] = [];
    for (const { name, verdict, trial } of outcomes) {
      if (verdict !== 'right') continue;
      const found = await verdictOf(engine, trial as Trial);
      if (found.kind !== 'right') wrong.push({ name, ...found });
    }
    expect(wrong).toEqual([]);
  },
);
