import { AbortTimer, type Deadline } from '../../shared/deadline.ts';
import { Cancellation } from '../cancellation.ts';
import { timeoutFailure } from '../http/http-failure.ts';
import type { ResponseObserver, Source, SourceRequest, SubgraphResponse } from '../source.ts';

/** The timeout of a fetch with all its requests. */
export interface FetchDeadline {
  readonly timeoutMs: number;
  readonly deadline: Deadline;
}

/** Sends a further request of a fetch, and cancels it at the deadline of the fetch. */
export function sendBeforeDeadline(
  source: Source,
  request: SourceRequest,
  { timeoutMs, deadline }: FetchDeadline,
  done: (response: SubgraphResponse) => void,
  observer?: ResponseObserver,
): void {
  const { client } = request;
  const signal = new Cancellation();
  const timer = new AbortTimer(deadline.leftMs, client.signal, () => signal.abort());
  source.send({ ...request, client: { ...client, signal } }, (response) => {
    timer.release();
    if (!timer.isLate || response.kind !== 'failure') return done(response);
    // to the layers of the source, the request was only cancelled
    const late = { kind: 'failure', failure: timeoutFailure(source.name, timeoutMs) } as const;
    observer?.failed(source.name, late, late.failure, client);
    done(late);
  });
}
