/** The reader of ONNX models on ONNX's own node tests; `npm run conformance -- onnx` prints them by op. */
import { expect, test } from 'vitest';
import { testFolders } from '../conformance/onnx/folders.js';
import { outcomeOf } from '../conformance/onnx/outcome.js';

/** Tests that have to hold on the reference. */
const HOLD = 1_100;

const folders = testFolders();

test.runIf(folders !== undefined)("no op answers otherwise than ONNX's own tests want", () => {
  const outcomes = (folders ?? []).map(outcomeOf);
  expect(outcomes.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
  expect(outcomes.filter(({ verdict }) => verdict === 'right').length).toBeGreaterThanOrEqual(HOLD);
  // A refusal names what is refused: the node and its op, or the opset.
  const refusals = outcomes.filter(({ verdict }) => verdict === 'refused').map(({ reason }) => reason);
  expect(refusals.filter((reason) => !/^Node ".+" \(\w+\) .+\.|of ONNX opset \d/.test(reason ?? ''))).toEqual([]);
});
