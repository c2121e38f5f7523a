import type { CountRefusal, RefusalMode } from '../../telemetry/instruments.ts';
import type { LimitCheck, LimitDecision, LimitDecisions, Limiter, LimitQuery } from './limiter.ts';

/** Config keys by the kind of a limit. */
const POLICIES: Readonly<Record<string, string>> = {
  request: 'rate_limits.requests',
  operation: 'rate_limits.operations',
  field: 'rate_limits.fields',
  subgraph: 'rate_limits.subgraphs',
  bff: 'bff.rate_limit',
};

/** Wraps a limiter: reports each exceeded limit by its name, and each limit that could not be counted. */
export function countingLimiter(limiter: Limiter, refused: CountRefusal, mode: RefusalMode = 'enforce'): Limiter {
  const report = (checks: readonly LimitCheck[], decisions: readonly LimitDecision[], unavailable: boolean): void => {
    for (let i = 0; i < checks.length; i++) {
      const { kind = '', name } = (checks[i] as LimitCheck).limit;
      if (unavailable) refused(POLICIES[kind] ?? kind, 'store_unavailable', mode);
      else if (decisions[i]?.allowed === false) refused(POLICIES[kind] ?? kind, name, mode);
    }
  };
  const recorded = ({ whole, parts }: LimitQuery, result: LimitDecisions): LimitDecisions => {
    const unavailable = result.unavailable === true;
    report(whole, result.whole, unavailable);
    // parts are not checked if the request as a whole is rejected
    if (unavailable && whole.length > 0) return result;
    for (let i = 0; i < parts.length; i++) {
      report(parts[i] as readonly LimitCheck[], result.parts[i] ?? [], unavailable);
    }
    return result;
  };
  return {
    check(query) {
      const result = limiter.check(query);
      return 'then' in result ? result.then((settled) => recorded(query, settled)) : recorded(query, result);
    },
  };
}
