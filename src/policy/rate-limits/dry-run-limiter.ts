import type { LimitAnswer, Limiter, Told } from './limiter.ts';

/** Counts as the other does, and allows everything at once. */
export function dryRunLimiter(limiter: Limiter): Limiter {
  return {
    ask(question) {
      const answer = limiter.ask(question);
      return 'then' in answer ? answer.then(allowed) : allowed(answer);
    },
  };
}

function allowed({ whole, parts }: LimitAnswer): LimitAnswer {
  return { whole: whole.map(letPass), parts: parts.map((told) => told.map(letPass)) };
}

function letPass(told: Told): Told {
  return told.allowed && told.delayMs === 0 ? told : { ...told, allowed: true, delayMs: 0, retryMs: 0 };
}
