/** What a page's main thread was doing, by Chromium's own trace: wall time, and time on a core, of each of its tasks. */

/** @returns the trace of what `visit` does with the page */
export async function traced(browser, page, visit) {
  await browser.startTracing(page, { categories: ['blink.user_timing', 'disabled-by-default-devtools.timeline', 'toplevel'] });
  const result = await visit();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  return { result, traceEvents };
}

/**
 * The tasks of the thread that set the mark, in the page's own milliseconds.
 * @param zeroMs when the page set it, by its own clock
 */
export function tasksOf(traceEvents, mark, zeroMs) {
  const set = traceEvents.find(({ cat, name }) => cat === 'blink.user_timing' && name === mark);
  return traceEvents
    .filter(({ pid, tid, ph, name }) => pid === set.pid && tid === set.tid && ph === 'X' && name === 'RunTask')
    .map(({ ts, dur, tdur = 0 }) => {
      const startMs = zeroMs + (ts - set.ts) / 1000;
      return { startMs, endMs: startMs + dur / 1000, ms: dur / 1000, coreMs: tdur / 1000 };
    });
}
