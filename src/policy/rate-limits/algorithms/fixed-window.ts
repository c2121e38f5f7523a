import { type Decide, NEVER } from '../limit.ts';

/** Allows `limit` per window. Windows begin at whole multiples of their length since 1970. */
export const fixedWindow: Decide = ({ limit, windowMs }, meter, weight, now) => {
  const at = Math.max(meter?.at ?? 0, now - (now % windowMs));
  const left = at + windowMs - Math.max(at, now);
  const before = meter?.at === at ? meter.level : 0;
  const allowed = before + weight <= limit;
  const level = allowed ? before + weight : before;
  return {
    allowed,
    remaining: Math.max(0, limit - level),
    resetMs: level === 0 ? 0 : left,
    retryMs: allowed ? 0 : weight > limit ? NEVER : left,
    delayMs: 0,
    next: { level, previous: 0, at },
  };
};
