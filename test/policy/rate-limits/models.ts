import type { Algorithm, Limit } from '../../../src/policy/rate-limits/limit.ts';

/** What happened to one attempt. */
export interface Attempt {
  readonly allowed: boolean;
  readonly delayMs: number;
}

/** The simplest model of a limit: it remembers everything, and counts anew each time. */
export type Model = (now: number, weight: number) => Attempt;

interface Event {
  readonly at: number;
  readonly weight: number;
}

const countIn = (events: readonly Event[], from: number, to: number) =>
  events.filter(({ at }) => at >= from && at < to).reduce((sum, { weight }) => sum + weight, 0);

const refused: Attempt = { allowed: false, delayMs: 0 };

/** Tokens come one by one, each `window / limit` after the last, as fractions of a millisecond. */
function tokens({ limit, windowMs, capacity }: Limit): Model {
  // as thousandths of nothing: whole numbers of 1/limit milliseconds, of any size
  let arrival = 0n;
  return (now, weight) => {
    const present = BigInt(now) * BigInt(limit);
    const begin = arrival > present ? arrival : present;
    const next = begin + BigInt(weight) * BigInt(windowMs);
    if (next - present > BigInt(capacity) * BigInt(windowMs)) return refused;
    arrival = next;
    return { allowed: true, delayMs: 0 };
  };
}

/** A queue from which one leaves every `window / limit`. */
function queue(limit: Limit): Model {
  let free = 0n;
  const room = tokens(limit);
  return (now, weight) => {
    if (!room(now, weight).allowed) return refused;
    const present = BigInt(now) * BigInt(limit.limit);
    const begin = free > present ? free : present;
    free = begin + BigInt(weight) * BigInt(limit.windowMs);
    const wait = begin - present;
    const whole = wait / BigInt(limit.limit);
    return { allowed: true, delayMs: Number(whole * BigInt(limit.limit) === wait ? whole : whole + 1n) };
  };
}

function fixed({ limit, windowMs }: Limit): Model {
  const events: Event[] = [];
  return (now, weight) => {
    const start = Math.floor(now / windowMs) * windowMs;
    if (countIn(events, start, start + windowMs) + weight > limit) return refused;
    events.push({ at: now, weight });
    return { allowed: true, delayMs: 0 };
  };
}

function sliding({ limit, windowMs }: Limit): Model {
  const events: Event[] = [];
  return (now, weight) => {
    const start = Math.floor(now / windowMs) * windowMs;
    const before = BigInt(countIn(events, start - windowMs, start));
    const since = BigInt(countIn(events, start, start + windowMs));
    const seen = before * BigInt(start + windowMs - now) + since * BigInt(windowMs);
    if (seen + BigInt(weight) * BigInt(windowMs) > BigInt(limit) * BigInt(windowMs)) return refused;
    events.push({ at: now, weight });
    return { allowed: true, delayMs: 0 };
  };
}

export const MODELS: Readonly<Record<Algorithm, (limit: Limit) => Model>> = {
  TOKEN_BUCKET: tokens,
  LEAKY_BUCKET: queue,
  FIXED_WINDOW: fixed,
  SLIDING_WINDOW: sliding,
};
