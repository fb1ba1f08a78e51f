/**
 * How many tests of a Vitest run passed, and how much of it failed.
 * @param {number | null} status exit code of the run; null after a signal
 * @param {object | undefined} report what its JSON reporter wrote, undefined if there is none
 * @returns {{ passed: number, failed: number }}
 */
export function countsOf(status, report) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = report;
  // A file that does not load, or whose hooks fail, has failed without a failed test.
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((each) => each.status === 'failed'));
  const failed = numFailedTests + broken.length;
  // An error outside of any test, or an end of Vitest itself.
  return { passed: numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}
