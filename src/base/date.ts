/** Days as a packed model tells them: ISO dates, alone or with a time and its zone. */

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const DAY_MS = 86_400_000;

/** What {@link isDate} takes, in words. */
export const ISO_DATE = 'an ISO date, such as 2026-11-22 or 2026-11-22T10:30:00Z';

/** A time without a zone would be another moment on every device; a 31st of February is a day to some browsers, and none to others. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE.test(value)) return false;
  const day = value.slice(0, 10);
  const midnightMs = Date.parse(day);
  return !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day) && !Number.isNaN(Date.parse(value));
}

/**
 * Whole days since then, by this device's clock. A date alone is midnight in Greenwich, which is still to come where it
 * was written down in the east: up to a day before counts as 0.
 * @returns undefined where the clock is further back, so that it must be wrong
 */
export function daysSince(date: string): number | undefined {
  const days = Math.floor((Date.now() - Date.parse(date)) / DAY_MS);
  return days < -1 ? undefined : Math.max(0, days);
}
