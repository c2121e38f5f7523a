import { type Decide, NEVER } from '../limit.ts';

/**
 * Allows `limit` in a window that ends now. Requests are counted in fixed windows. The previous window counts by the share that
 * the sliding window still covers, as if its requests had been evenly spread.
 */
export const slidingWindow: Decide = ({ limit, windowMs }, meter, weight, now) => {
  const at = Math.max(meter?.at ?? 0, now - (now % windowMs));
  const into = Math.max(at, now) - at;
  const current = meter?.at === at ? meter.level : 0;
  const previous =
    meter === undefined ? 0 : meter.at === at ? meter.previous : meter.at === at - windowMs ? meter.level : 0;
  // in units of 1/windowMs, so that all numbers are whole
  const used = previous * (windowMs - into) + current * windowMs;
  const full = limit * windowMs;
  const allowed = used + weight * windowMs <= full;
  const level = allowed ? current + weight : current;
  const left = windowMs - into;
  return {
    allowed,
    remaining: Math.max(0, Math.floor((full - used) / windowMs) - (allowed ? weight : 0)),
    resetMs: level > 0 ? left + windowMs : previous > 0 ? left : 0,
    retryMs: allowed ? 0 : wait(limit, windowMs, previous, current, into, weight),
    delayMs: 0,
    next: { level, previous, at },
  };
};

function wait(
  limit: number,
  windowMs: number,
  previous: number,
  current: number,
  into: number,
  weight: number,
): number {
  if (weight > limit) return NEVER;
  // within this window, once enough of the previous one is no longer covered
  if (current + weight <= limit) return fades(previous, limit - current - weight, windowMs) - into;
  // within the next window, for which this one is the previous one
  return windowMs - into + fades(current, limit - weight, windowMs);
}

/** Returns the milliseconds into the following window after which at most `room` of `count` requests still count. */
function fades(count: number, room: number, windowMs: number): number {
  return Math.max(0, Math.ceil(((count - room) * windowMs) / count));
}
