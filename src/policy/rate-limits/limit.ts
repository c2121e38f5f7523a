export const ALGORITHMS = ['TOKEN_BUCKET', 'SLIDING_WINDOW', 'FIXED_WINDOW', 'LEAKY_BUCKET'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** How much of something may happen. */
export interface Limit {
  /** As clients see it in `RateLimit-Policy`. */
  readonly name: string;
  /** What is limited: `field`, `request`, … */
  readonly kind?: string;
  readonly algorithm: Algorithm;
  /** So many in a window. */
  readonly limit: number;
  /** A whole number of milliseconds. */
  readonly windowMs: number;
  /** TOKEN_BUCKET: so many at once. LEAKY_BUCKET: the one being served and those that may wait. Windows: `limit`. */
  readonly capacity: number;
}

/**
 * What is kept of one limit for one key; what the numbers mean is the algorithm's affair. All of them are whole, so that
 * nothing is lost however often they are changed.
 */
export interface Meter {
  readonly level: number;
  readonly previous: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Decision {
  readonly allowed: boolean;
  /** How much more would be allowed at once. */
  readonly remaining: number;
  /** Milliseconds until the whole quota is there again, if nothing more happens; the meter may be forgotten then. */
  readonly resetMs: number;
  /** Milliseconds until the same would be allowed, if nothing more happens; 0 where it is; {@link NEVER}. */
  readonly retryMs: number;
  /** Milliseconds that what is allowed has to wait (LEAKY_BUCKET). */
  readonly delayMs: number;
  /** What to keep if it happens. */
  readonly next: Meter;
}

/** More is asked for than is ever allowed at once. */
export const NEVER = -1;

/** Decides, without changing anything, whether `weight` (a whole number from 0) may happen at `now` (milliseconds since 1970). */
export type Decide = (limit: Limit, meter: Meter | undefined, weight: number, now: number) => Decision;
