/** In milliseconds. */
export interface BackoffSettings {
  /** The longest wait before the first retry. */
  readonly base: number;
  /** The longest wait before any retry. */
  readonly max: number;
}

/**
 * Returns how long to wait before a retry, in milliseconds: exponential backoff with full jitter. The longest wait doubles with
 * each retry up to `max`; the wait is any time up to it, so that clients that failed together do not come back together.
 *
 * @param retry 1 for the first retry
 * @param random a number from 0 to 1, without 1
 */
export function backoffMs({ base, max }: BackoffSettings, retry: number, random: number): number {
  return random * Math.min(max, base * 2 ** (retry - 1));
}
