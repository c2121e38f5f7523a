export const ALGORITHMS = ['TOKEN_BUCKET', 'SLIDING_WINDOW', 'FIXED_WINDOW', 'LEAKY_BUCKET'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** A limit on how often something may happen. */
export interface Limit {
  /** The name that clients see in `RateLimit-Policy`. */
  readonly name: string;
  /** What is limited: `field`, `request`, … */
  readonly kind?: string;
  readonly algorithm: Algorithm;
  /** The quota of a window. */
  readonly limit: number;
  /** A whole number of milliseconds. */
  readonly windowMs: number;
  /** TOKEN_BUCKET: the largest burst. LEAKY_BUCKET: the request being served and those that may wait. Windows: `limit`. */
  readonly capacity: number;
}

/**
 * The stored state of one limit for one key. The algorithm defines what the numbers mean. All numbers are whole, so that
 * rounding errors cannot add up.
 */
export interface Meter {
  readonly level: number;
  readonly previous: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Decision {
  readonly allowed: boolean;
  /** How much more is allowed at once. */
  readonly remaining: number;
  /** Milliseconds until the whole quota is available again, if nothing more happens. The meter can be deleted then. */
  readonly resetMs: number;
  /** Milliseconds until the same request would be allowed; 0 if it is; {@link NEVER}. */
  readonly retryMs: number;
  /** Milliseconds that an allowed request has to wait (LEAKY_BUCKET). */
  readonly delayMs: number;
  /** The state to store if it happens. */
  readonly next: Meter;
}

/** The request asks for more than is ever allowed at once. */
export const NEVER = -1;

/** Decides, without changing anything, whether `weight` (a whole number from 0) is allowed at `now` (milliseconds since 1970). */
export type Decide = (limit: Limit, meter: Meter | undefined, weight: number, now: number) => Decision;
