import type { Source, SourceRequest, SubgraphResponse } from '../../sources/source.ts';
import { retryAfter } from './headers.ts';
import { isAllowed, type LimitDecisions, type Limiter } from './limiter.ts';
import { checksFor, type Rule } from './rule.ts';
import { delayOf, wait } from './wait.ts';

/** Asks the limits of a subgraph before each fetch from it; a fetch over one of them fails without being sent. */
export function limitSource(source: Source, rules: readonly Rule[], limiter: Limiter): Source {
  function go(request: SourceRequest, answer: LimitDecisions, done: (answer: SubgraphResponse) => void): void {
    if (answer.unavailable === true || !isAllowed(answer.whole)) return done(refused(source.name, answer));
    const delayMs = delayOf(answer);
    if (delayMs === 0) return source.send(request, done);
    wait(delayMs, request.client.signal).then(() => source.send(request, done));
  }
  return {
    name: source.name,
    send(request, done) {
      const answer = limiter.ask({ whole: checksFor(rules, request.client), parts: [] });
      if (!('then' in answer)) return go(request, answer, done);
      answer.then(
        (settled) => go(request, settled, done),
        () => done(refused(source.name, { whole: [], parts: [], unavailable: true })),
      );
    },
    close: () => source.close(),
  };
}

function refused(name: string, answer: LimitDecisions): SubgraphResponse {
  const seconds = answer.unavailable === true ? 1 : retryAfter(answer.whole.filter(({ allowed }) => !allowed));
  const message = `Too many requests to the subgraph "${name}".`;
  const wait = seconds === undefined ? {} : { retryAfter: seconds };
  return { kind: 'failure', failure: { code: 'RATE_LIMITED', message, ...wait } };
}
