import type { LimitDecision, LimitDecisions, Limiter } from './limiter.ts';

/** Counts as the other does, and allows everything at once. */
export function dryRunLimiter(limiter: Limiter): Limiter {
  return {
    ask(question) {
      const answer = limiter.ask(question);
      return 'then' in answer ? answer.then(allowed) : allowed(answer);
    },
  };
}

function allowed({ whole, parts }: LimitDecisions): LimitDecisions {
  return { whole: whole.map(letPass), parts: parts.map((decisions) => decisions.map(letPass)) };
}

function letPass(decisions: LimitDecision): LimitDecision {
  return decisions.allowed && decisions.delayMs === 0
    ? decisions
    : { ...decisions, allowed: true, delayMs: 0, retryMs: 0 };
}
