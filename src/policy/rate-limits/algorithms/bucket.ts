import { type Decision, type Limit, type Meter, NEVER } from '../limit.ts';

/**
 * A bucket that leaks `limit` units per window and holds `capacity` units: the generic cell rate algorithm, with the level in
 * place of the theoretical arrival time. The level counts units of 1/windowMs, of which `limit` leak away per millisecond. All
 * numbers stay whole, so that results are exact to the millisecond.
 * @param queues whether an allowed request waits until the earlier ones have leaked away
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function fill(
  { limit, windowMs, capacity }: Limit,
  meter: Meter | undefined,
  weight: number,
  now: number,
  queues: boolean,
): Decision {
  // a clock that is set back must not change the level
  const at = meter === undefined ? now : Math.max(meter.at, now);
  const before = meter === undefined ? 0 : Math.max(0, meter.level - (at - meter.at) * limit);
  const full = capacity * windowMs;
  const after = before + weight * windowMs;
  const allowed = after <= full;
  const level = allowed ? after : before;
  return {
    allowed,
    remaining: Math.max(0, Math.floor((full - level) / windowMs)),
    resetMs: Math.ceil(level / limit),
    retryMs: allowed ? 0 : weight > capacity ? NEVER : Math.ceil((after - full) / limit),
    delayMs: queues && allowed ? Math.ceil(before / limit) + at - now : 0,
    next: { level, previous: 0, at },
  };
}
