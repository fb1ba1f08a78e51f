/** Dates of a packed model: ISO dates, alone or with a time and its zone. */

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const DAY_MS = 86_400_000;

/** The form that {@link isDate} accepts, as messages name it. */
export const ISO_DATE = 'an ISO date, such as 2026-11-22 or 2026-11-22T10:30:00Z';

/** Refuses a time without a zone, which is another moment on every device, and a 31st of February, on which browsers disagree. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE.test(value)) return false;
  const day = value.slice(0, 10);
  const midnightMs = Date.parse(day);
  return !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day) && !Number.isNaN(Date.parse(value));
}

/**
 * Whole days since `date`, by this device's clock. A date without a time is midnight in Greenwich, which is still to come for
 * an author further east, so that up to one day in the future counts as 0.
 * @returns undefined if the clock is more than a day before `date`, since then the clock is wrong
 */
export function daysSince(date: string): number | undefined {
  const days = Math.floor((Date.now() - Date.parse(date)) / DAY_MS);
  return days < -1 ? undefined : Math.max(0, days);
}
