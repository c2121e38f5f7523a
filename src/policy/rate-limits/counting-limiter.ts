import type { CountRefusal, RefusalMode } from '../../telemetry/instruments.ts';
import type { LimitCheck, LimitDecision, LimitDecisions, Limiter, LimitQuery } from './limiter.ts';

/** By the kind of what is limited: where the config has such limits. */
const POLICIES: Readonly<Record<string, string>> = {
  request: 'rate_limits.requests',
  operation: 'rate_limits.operations',
  field: 'rate_limits.fields',
  subgraph: 'rate_limits.subgraphs',
  bff: 'bff.rate_limit',
};

/** The same limiter, which tells of each limit that refuses by its name, and of what could not be counted. */
export function countingLimiter(limiter: Limiter, refused: CountRefusal, mode: RefusalMode = 'enforce'): Limiter {
  const tell = (checks: readonly LimitCheck[], decisions: readonly LimitDecision[], unavailable: boolean): void => {
    for (let i = 0; i < checks.length; i++) {
      const { kind = '', name } = (checks[i] as LimitCheck).limit;
      if (unavailable) refused(POLICIES[kind] ?? kind, 'store_unavailable', mode);
      else if (decisions[i]?.allowed === false) refused(POLICIES[kind] ?? kind, name, mode);
    }
  };
  const recorded = ({ whole, parts }: LimitQuery, answer: LimitDecisions): LimitDecisions => {
    const unavailable = answer.unavailable === true;
    tell(whole, answer.whole, unavailable);
    // where the request as a whole is refused, nothing was asked of its parts
    if (unavailable && whole.length > 0) return answer;
    for (let i = 0; i < parts.length; i++) {
      tell(parts[i] as readonly LimitCheck[], answer.parts[i] ?? [], unavailable);
    }
    return answer;
  };
  return {
    ask(question) {
      const answer = limiter.ask(question);
      return 'then' in answer ? answer.then((settled) => recorded(question, settled)) : recorded(question, answer);
    },
  };
}
