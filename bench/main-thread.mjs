/** What a page's main thread was doing, and the thread on which the browser works for its GPU, by Chromium's own trace. */

/** @returns what `visit` returns, and the trace of it */
export async function traced(browser, page, visit) {
  await browser.startTracing(page, { categories: ['blink.user_timing', 'disabled-by-default-devtools.timeline', 'toplevel'] });
  const result = await visit();
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  return { result, traceEvents };
}

/**
 * The tasks of two threads: of the page that set the mark, and of the GPU process, where pages are drawn and shaders compiled.
 * All times are the page's own, in milliseconds; `coreMs` of them a task was on a core.
 * @param zeroMs when the page set the mark, by its own clock
 */
export function tasksOf(traceEvents, mark, zeroMs) {
  const set = traceEvents.find(({ cat, name }) => cat === 'blink.user_timing' && name === mark);
  const gpu = traceEvents.find(({ name, args }) => name === 'thread_name' && args.name === 'CrGpuMain');
  const tasksAt = (thread) =>
    traceEvents
      .filter(({ pid, tid, ph, name }) => pid === thread?.pid && tid === thread?.tid && ph === 'X' && name === 'RunTask')
      .map(({ ts, dur, tdur = 0 }) => {
        const startMs = zeroMs + (ts - set.ts) / 1000;
        return { startMs, endMs: startMs + dur / 1000, ms: dur / 1000, coreMs: tdur / 1000 };
      });
  return { page: tasksAt(set), gpu: tasksAt(gpu) };
}
