const DAY = 24 * 60 * 60 * 1000;

/** The day on which the generated history begins; it lasts two years. */
export const HISTORY_START = Date.UTC(2024, 0, 1);
export const HISTORY_DAYS = 730;

/** The instant so many days (fractions allowed) after another, as RFC 3339 text. */
export function daysAfter(start: number | string, days: number): string {
  const from = typeof start === 'string' ? Date.parse(start) : start;
  // Whole seconds: nobody believes generated milliseconds.
  return new Date(Math.floor((from + days * DAY) / 1000) * 1000).toISOString();
}
