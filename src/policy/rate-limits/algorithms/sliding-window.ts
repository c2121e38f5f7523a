import { type Decide, NEVER } from '../limit.ts';

/**
 * Lets through `limit` in a window that ends now. What happened is counted in fixed windows, and of the one before the
 * current one that part counts which the sliding window still covers, as if its events had been spread evenly.
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
  // within this window, once enough of the one before has slid out of sight
  if (current + weight <= limit) return fades(previous, limit - current - weight, windowMs) - into;
  // within the next window, in which this one is the one before
  return windowMs - into + fades(current, limit - weight, windowMs);
}

/** How far into the window that follows `count` events no more than `room` of them count. */
function fades(count: number, room: number, windowMs: number): number {
  return Math.max(0, Math.ceil(((count - room) * windowMs) / count));
}
