import type { Source, SourceRequest, SubgraphResponse } from '../sources/source.ts';
import { rejectedFailure } from './call-failures.ts';
import type { CallOutcome, CircuitBreaker } from './circuit-breaker.ts';
import { isObjectText } from './object-text.ts';
import { receivedAt } from './received-at.ts';

/**
 * Rejects calls at once while the circuit of an endpoint is open, and reports the outcome of all others to it. Errors with a status
 * of 500 and above, timeouts, lost connections and malformed responses are failures; a response with a 4xx status is a success,
 * because the mistake is the client's. A call that was cancelled says nothing, unless it was slow by then. One that had waited for long
 * when its client request timed out is a timeout, see `HttpCall`.
 */
export function breakCircuit(source: Source, breaker: CircuitBreaker): Source {
  const { name } = source;
  return {
    name,
    send(request, done) {
      const period = breaker.acquire();
      if (period === undefined) {
        request.trace?.note('not sent: the circuit breaker is open');
        return done({ kind: 'failure', failure: rejectedFailure(name) });
      }
      const start = request.sentAt ?? breaker.now();
      source.send(request, (response) => {
        const end = receivedAt(response, breaker.now);
        // a client that sends its files slowly does not make the source slow
        breaker.record(period, outcomeOf(response, request), request.isOneShot ? 0 : end - start, end);
        done(response);
      });
    },
    close: () => source.close(),
  };
}

function outcomeOf(response: SubgraphResponse, { signal, client }: SourceRequest): CallOutcome {
  if (response.kind !== 'failure') return outcomeOfStatus(response.status, isMalformed(response));
  const { code, status } = response.failure;
  if (code === 'SUBREQUEST_TIMEOUT') return 'failure';
  if ((signal ?? client.signal)?.aborted) return 'ignored';
  if (code === 'SUBREQUEST_MALFORMED_RESPONSE') return 'failure';
  return code === 'SUBREQUEST_HTTP_ERROR' ? outcomeOfStatus(status ?? NO_RESPONSE, false) : 'ignored';
}

/** Stands for the status of a call without a response. */
const NO_RESPONSE = 599;

export function outcomeOfStatus(status: number, isUnreadable: boolean): CallOutcome {
  return status >= 500 || isUnreadable ? 'failure' : 'success';
}

function isMalformed(response: Exclude<SubgraphResponse, { kind: 'failure' }>): boolean {
  return response.kind === 'text' && !isObjectText(response.text);
}
