import type { SourceFailure } from '../sources/source.ts';

/** Failures of calls that are not made. Clients may see their messages. */

export function rejectedFailure(name: string): SourceFailure {
  const message = `Subgraph "${name}" was not called: it has failed too often. Try again later.`;
  return { code: 'SUBGRAPH_CIRCUIT_BREAKER_REJECTED', message, reason: 'circuit breaker is open' };
}

export function queueFullFailure(name: string): SourceFailure {
  const message = `Subgraph "${name}" was not called: too many requests wait for it. Try again later.`;
  return { code: 'SUBREQUEST_QUEUE_FULL', message, reason: 'queue is full' };
}

export function waitedFailure(name: string): SourceFailure {
  const message = `Subgraph "${name}" was not called: the request waited for others until its time was over.`;
  return { code: 'SUBREQUEST_TIMEOUT', message, reason: 'time is over in the queue' };
}
