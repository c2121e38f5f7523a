import type { LimitDecision, LimitDecisions, Limiter } from './limiter.ts';

/** Wraps a limiter: counts as it does, but allows everything at once. */
export function dryRunLimiter(limiter: Limiter): Limiter {
  return {
    check(query) {
      const result = limiter.check(query);
      return 'then' in result ? result.then(allowed) : allowed(result);
    },
  };
}

function allowed({ whole, parts }: LimitDecisions): LimitDecisions {
  return { whole: whole.map(allow), parts: parts.map((decisions) => decisions.map(allow)) };
}

function allow(decision: LimitDecision): LimitDecision {
  return decision.allowed && decision.delayMs === 0 ? decision : { ...decision, allowed: true, delayMs: 0, retryMs: 0 };
}
