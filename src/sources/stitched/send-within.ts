import { AbortTimer } from '../../shared/deadline.ts';
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
  const timer = new AbortTimer(until - performance.now(), client.signal, () => signal.abort());
  source.send({ ...request, client: { ...client, signal } }, (answer) => {
    timer.release();
    done(timer.isLate && answer.kind === 'failure' ? lateResult(source.name, timeoutMs) : answer);
  });
}

function lateResult(name: string, timeoutMs: number): SubgraphResponse {
  return { kind: 'failure', failure: timeoutFailure(name, timeoutMs) };
}
