import type { RetryCondition } from '../config/sections/subgraph-calls.ts';
import type { SubgraphResponse } from '../sources/source.ts';
import { isObjectText } from './object-text.ts';

export type { RetryCondition };

/** A response, as far as it matters for a retry. */
export interface TryResult {
  /** Whether there was no connection, or it was lost. */
  readonly isConnectionFailure?: boolean | undefined;
  readonly isTimeout?: boolean | undefined;
  readonly status?: number | undefined;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** Whether it violates HTTP, or cannot be decoded. */
  readonly isMalformed?: boolean | undefined;
}

export function resultOfTry(response: SubgraphResponse): TryResult {
  if (response.kind !== 'failure') return response;
  const { code, status, retryAfter, isConnectionFailure, isConnectionLoss } = response.failure;
  return {
    isConnectionFailure: isConnectionFailure === true || isConnectionLoss === true,
    isTimeout: code === 'SUBREQUEST_TIMEOUT',
    status,
    isMalformed: code === 'SUBREQUEST_MALFORMED_RESPONSE',
    retryAfter: code === 'RATE_LIMITED' || code === 'OVERLOADED' ? undefined : retryAfter,
  };
}

/** Returns the condition of `on` that the response of a subgraph meets; `undefined` if it meets none. */
export function conditionOf(response: SubgraphResponse, on: ReadonlySet<RetryCondition>): RetryCondition | undefined {
  const met = metCondition(resultOfTry(response), on);
  if (met !== undefined || response.kind !== 'text' || !on.has('malformed_response')) return met;
  return response.status < 300 && !isObjectText(response.text) ? 'malformed_response' : undefined;
}

/** Returns the condition of `on` that a response meets; `undefined` if it meets none. */
export function metCondition(result: TryResult, on: ReadonlySet<RetryCondition>): RetryCondition | undefined {
  const { status = 0 } = result;
  if (result.isConnectionFailure && on.has('connection_failure')) return 'connection_failure';
  if (result.isMalformed && on.has('malformed_response')) return 'malformed_response';
  if (result.isTimeout && on.has('timeout')) return 'timeout';
  if ((status === 429 || status === 503) && result.retryAfter !== undefined && on.has('retry_after'))
    return 'retry_after';
  if (status >= 502 && status <= 504 && on.has('gateway_error')) return 'gateway_error';
  return status >= 500 && on.has('5xx') ? '5xx' : undefined;
}
