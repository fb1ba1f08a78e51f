/** The resolution of the clock. */
import { now } from './timing.js';

/**
 * The resolution of the clock, in milliseconds: on a page that is not cross-origin isolated 0.1 in Chromium and 1 in Firefox and
 * Safari. Measuring it takes one tick.
 */
export function clockTickMs(): number {
  const beganMs = now();
  // Under a test's fake timers the clock may not advance.
  for (let reading = 0; reading < 100_000; reading++) if (now() > beganMs) return now() - beganMs;
  return 0;
}
