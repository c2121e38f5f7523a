import { retryAfterSeconds } from '../shared/retry-after.ts';

/** A response that asks the gateway to wait before the next call. */
export interface RetryAfter {
  readonly status: number;
  /** Whole seconds, counted from the arrival of the response. */
  readonly seconds: number;
}

/** The parts of a response that `Retry-After` is read from. Names of headers are in lower case. */
interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Reads `Retry-After` of a 429 or 503: seconds, or a date.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterOf({ status, headers }: ResponseHead, now = Date.now()): RetryAfter | undefined {
  if (!mayRetryLater(status)) return undefined;
  const seconds = retryAfterSeconds(String(headers['retry-after'] ?? ''), now);
  return seconds === undefined ? undefined : { status, seconds };
}

/** Returns whether a response with this status may say when to retry. */
export function mayRetryLater(status: number): boolean {
  return status === 429 || status === 503;
}
