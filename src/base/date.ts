/** Dates of a packed model: ISO dates, alone or with a time and its zone. */

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** The form that {@link isDate} accepts, as messages name it. */
export const ISO_DATE = 'an ISO date, such as 2026-11-22 or 2026-11-22T10:30:00Z';

/** Refuses a time without a zone, which is another moment on every device, and a 31st of February, on which browsers disagree. */
export function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE.test(value)) return false;
  const day = value.slice(0, 10);
  const midnightMs = Date.parse(day);
  return !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day) && !Number.isNaN(Date.parse(value));
}
