import type { MeterKey } from '../../client/depends-on.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../../sources/source.ts';
import { retryAfter } from './headers.ts';
import { isAllowed, type LimitDecisions, type Limiter } from './limiter.ts';
import { checksFor, type Rule } from './rule.ts';
import { delayOf, wait } from './wait.ts';

/** Wraps a source: checks the subgraph's limits before each fetch. A fetch over a limit fails without being sent. */
export function limitSource(source: Source, rules: readonly Rule[], limiter: Limiter): Source {
  function proceed(request: SourceRequest, result: LimitDecisions, done: (response: SubgraphResponse) => void): void {
    if (result.unavailable === true || !isAllowed(result.whole)) return done(refused(source.name, result));
    const delayMs = delayOf(result);
    if (delayMs === 0) return source.send(request, done);
    wait(delayMs, request.client.signal).then(() => source.send(request, done));
  }
  return {
    name: source.name,
    send(request, done) {
      const result = limiter.check({ whole: checksFor(rules, request.client), parts: [] });
      if (!('then' in result)) return proceed(request, result, done);
      result.then(
        (settled) => proceed(request, settled, done),
        () => done(refused(source.name, { whole: [], parts: [], unavailable: true })),
      );
    },
    close: () => source.close(),
  };
}

/** Returns by what the rules count clients separately; `undefined` if they count all together. */
export function meterKey(rules: readonly Rule[]): MeterKey | undefined {
  const separate = rules.filter(({ by }) => by.some((key) => key !== 'global'));
  if (separate.length === 0) return undefined;
  return (client) => JSON.stringify(separate.map((rule) => rule.key(client, undefined)));
}

function refused(name: string, result: LimitDecisions): SubgraphResponse {
  const seconds = result.unavailable === true ? 1 : retryAfter(result.whole.filter(({ allowed }) => !allowed));
  const message = `Too many requests to the subgraph "${name}".`;
  const wait = seconds === undefined ? {} : { retryAfter: seconds };
  return { kind: 'failure', failure: { code: 'RATE_LIMITED', message, reason: 'rate limit of the gateway', ...wait } };
}
