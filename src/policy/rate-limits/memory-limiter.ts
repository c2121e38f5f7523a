import { LRUCache } from 'lru-cache';
import { decide } from './algorithms/decide.ts';
import type { Decision, Meter } from './limit.ts';
import { isAllowed, type LimitAnswer, type LimitCheck, type Limiter } from './limiter.ts';

export interface MemoryLimiterOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Meters kept; beyond that the one unused for longest is forgotten, as if nothing had happened. Default 100,000. */
  readonly maxMeters?: number;
}

export interface MemoryLimiter extends Limiter {
  ask(question: Parameters<Limiter['ask']>[0]): LimitAnswer;
}

/** Counts within this process. */
export function createMemoryLimiter({ now = Date.now, maxMeters = 100_000 }: MemoryLimiterOptions = {}): MemoryLimiter {
  const meters = new LRUCache<string, Meter>({ max: maxMeters });

  function take(checks: readonly LimitCheck[], time: number): readonly Decision[] {
    const decisions = checks.map(({ limit, key, weight }) => decide(limit, meters.get(key), weight, time));
    if (isAllowed(decisions)) {
      for (let i = 0; i < checks.length; i++) {
        meters.set((checks[i] as LimitCheck).key, (decisions[i] as Decision).next);
      }
      return decisions;
    }
    // what is not counted must not be told as if it were
    return decisions.map((decision, i) => {
      const { limit, key } = checks[i] as LimitCheck;
      return decision.allowed ? decide(limit, meters.get(key), 0, time) : decision;
    });
  }

  return {
    ask({ whole, parts }) {
      const time = now();
      const decisions = take(whole, time);
      const allowed = isAllowed(decisions);
      return { whole: decisions, parts: parts.map((checks) => (allowed ? take(checks, time) : [])) };
    },
  };
}
