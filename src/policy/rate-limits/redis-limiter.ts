import { type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import { ALGORITHMS } from './limit.ts';
import type { LimitCheck, LimitDecision, LimitDecisions, Limiter, LimitQuery } from './limiter.ts';
import { LIMITS_SCRIPT } from './limits-script.ts';

const NUMBERS_A_CHECK = 5;

export interface RedisLimiterOptions {
  readonly redis: SharedRedis;
  /** How long one call may take, in milliseconds. */
  readonly budgetMs: number;
  /** The limiter that is used while Redis is unavailable. */
  readonly fallback: Limiter;
  /** Returns milliseconds since 1970. Default: the clock of the Redis server, which all processes share. */
  readonly now?: (() => number) | undefined;
}

/** Counts in Redis, for all processes together. One script call checks all limits of a request. */
export function createRedisLimiter({ redis, budgetMs, fallback, now }: RedisLimiterOptions): Limiter {
  const script = redis.script<number[]>('headgateLimits', LIMITS_SCRIPT);
  return {
    async check(query) {
      const checks = [...query.whole, ...query.parts.flat()];
      const keys = checks.map(({ key }) => `${redis.prefix}:rate:${key}`);
      const args = argumentsOf(query, now?.() ?? '');
      try {
        const numbers = await redis.run(() => script(keys, args), budgetMs);
        return decisionsIn(query, numbers);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return fallback.check(query);
      }
    },
  };
}

function argumentsOf({ whole, parts }: LimitQuery, now: number | string): (number | string)[] {
  const args: (number | string)[] = [now];
  const add = (part: number, { limit, weight }: LimitCheck) => {
    args.push(part, ALGORITHMS.indexOf(limit.algorithm), limit.limit, limit.windowMs, limit.capacity, weight);
  };
  for (const check of whole) add(0, check);
  for (const [index, part] of parts.entries()) for (const check of part) add(index + 1, check);
  return args;
}

function decisionsIn({ whole, parts }: LimitQuery, numbers: readonly number[]): LimitDecisions {
  let at = 0;
  const read = (checks: readonly LimitCheck[]): LimitDecision[] => {
    const decisions: LimitDecision[] = [];
    for (const _check of checks) {
      const [allowed = 0, remaining = 0, resetMs = 0, retryMs = 0, delayMs = 0] = numbers.slice(
        at,
        at + NUMBERS_A_CHECK,
      );
      at += NUMBERS_A_CHECK;
      if (allowed >= 0) decisions.push({ allowed: allowed === 1, remaining, resetMs, retryMs, delayMs });
    }
    return decisions;
  };
  return { whole: read(whole), parts: parts.map(read) };
}
