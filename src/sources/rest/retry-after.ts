import type { RawResponse } from './api-response.ts';

/** A response that asks the gateway to wait before the next call. */
export interface RetryAfter {
  readonly status: number;
  /** Whole seconds, counted from the arrival of the response. */
  readonly seconds: number;
}

/**
 * Reads `Retry-After` of a 429 or 503: seconds, or a date.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterOf(
  { status, headers }: Pick<RawResponse, 'status' | 'headers'>,
  now = Date.now(),
): RetryAfter | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const said = String(headers['retry-after'] ?? '').trim();
  if (/^[0-9]{1,9}$/.test(said)) return { status, seconds: Number(said) };
  const until = Date.parse(said);
  return Number.isNaN(until) || !/[a-z]/i.test(said)
    ? undefined
    : { status, seconds: Math.max(0, Math.ceil((until - now) / 1_000)) };
}
