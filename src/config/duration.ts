import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(?<![\d.])(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Parses `"30s"`, `"500ms"` or `"1m30s"` to milliseconds; returns `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

const EXPECTED = 'expected a duration such as "500ms", "30s" or "1m30s"';
const text = z.string(EXPECTED).regex(DURATION, { error: EXPECTED, abort: true });

/** A config value such as `"30s"` or `"0s"`, read as milliseconds. */
export const durationOrZero = text
  .transform((value) => parseDuration(value) ?? 0)
  .describe('A duration: "0s", "500ms", "30s", "1m30s", "2h"');

/** A config value such as `"30s"`, read as milliseconds greater than zero. */
export const duration = text
  .transform((value) => parseDuration(value) ?? 0)
  .refine((milliseconds) => milliseconds > 0, 'expected a duration longer than zero')
  .describe('A duration: "500ms", "30s", "1m30s", "2h"');

/** In milliseconds. A timer of Node takes 2^31 - 1 at most, and fires at once for a longer time. */
export const LONGEST_TIMER_MS = 24 * 86_400_000;
const isTimerTime = (milliseconds: number) => milliseconds <= LONGEST_TIMER_MS;
const TOO_LONG = 'expected at most 24d';

/** A {@link duration} after which a timer fires. */
export const timerDuration = duration.refine(isTimerTime, TOO_LONG).describe(duration.description ?? '');

/** A {@link durationOrZero} after which a timer fires. */
export const timerDurationOrZero = durationOrZero
  .refine(isTimerTime, TOO_LONG)
  .describe(durationOrZero.description ?? '');
