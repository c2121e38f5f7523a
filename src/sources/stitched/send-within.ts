import { Cancellation } from '../cancellation.ts';
import { timeoutFailure } from '../http/http-failure.ts';
import type { Source, SourceRequest, SubgraphResponse } from '../source.ts';

/** The time that a fetch has with all the requests that it leads to. */
export interface FetchTime {
  readonly timeoutMs: number;
  /** When it is up, by `performance.now()`. */
  readonly until: number;
}

/** Sends a further request of a fetch, and gives it up when the time of the whole fetch is up. */
export function sendWithin(
  source: Source,
  request: SourceRequest,
  { timeoutMs, until }: FetchTime,
  done: (answer: SubgraphResponse) => void,
): void {
  const { client } = request;
  const signal = new Cancellation();
  const leave = () => signal.abort();
  let isLate = false;
  const timer = setTimeout(
    () => {
      isLate = true;
      signal.abort();
    },
    Math.max(0, until - performance.now()),
  );
  client.signal?.addEventListener('abort', leave);
  if (client.signal?.aborted) leave();
  source.send({ ...request, client: { ...client, signal } }, (answer) => {
    clearTimeout(timer);
    client.signal?.removeEventListener('abort', leave);
    done(isLate && answer.kind === 'failure' ? lateResult(source.name, timeoutMs) : answer);
  });
}

function lateResult(name: string, timeoutMs: number): SubgraphResponse {
  return { kind: 'failure', failure: timeoutFailure(name, timeoutMs) };
}
