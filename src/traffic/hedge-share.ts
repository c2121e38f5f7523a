import type { RetryBudget } from './retry-budget.ts';

/** The most second requests that may follow each other without first ones. */
const MAX_CREDIT = 10;

/** From this share of second requests that win, they get all of `max_share`. */
const USEFUL = 0.2;

/** How much the last second request counts for that share. */
const MEMORY = 0.05;

/** What is left of `max_share` when no second request wins: enough to notice when they win again. */
const LEAST = 0.05;

/** The shortest time between two second requests then, in milliseconds. With many first ones, a twentieth would be many. */
const LEAST_PAUSE_MS = 1_000;

/**
 * Limits second requests to a share of the first ones: each first request adds that share of a token, and a second one takes one. So
 * bursts of slow responses cannot double the load. Second requests also spend the budget of retries.
 *
 * Second requests have to be useful: they win where a request is slow by chance, and lose where all are slow alike, because the
 * subgraph or this gateway is busy. When fewer than a fifth of them win, the share becomes smaller in proportion, down
 * to a twentieth, and to one a second. The part that wins is an exponential moving average.
 */
export class HedgeShare {
  readonly #maxShare: number;
  readonly #budget: RetryBudget;
  readonly #now: () => number;
  #credit = 0;
  /** The part of second requests that have won. */
  #won = 1;
  #share: number;
  /** When the last second request was allowed. */
  #lastAt = Number.NEGATIVE_INFINITY;

  /**
   * @param maxShare 0.1 for 10 %
   * @param now a monotonic clock, in milliseconds
   */
  constructor(maxShare: number, budget: RetryBudget, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#maxShare = maxShare;
    this.#share = maxShare;
    this.#budget = budget;
  }

  /** Counts a first request. */
  deposit(): void {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + this.#share);
  }

  /** Returns whether a second request is allowed, and counts it. */
  withdraw(): boolean {
    if (this.#credit < 1) return false;
    const now = this.#now();
    if (this.#isLeast() && now - this.#lastAt < LEAST_PAUSE_MS) return false;
    if (!this.#budget.withdraw()) return false;
    this.#credit--;
    this.#lastAt = now;
    return true;
  }

  #isLeast(): boolean {
    return this.#won <= LEAST * USEFUL;
  }

  /**
   * Records how a request ended that had a second one: outages limit both.
   * @param hasWon whether the second one had the first good response
   */
  ended(isGood: boolean, hasWon: boolean): void {
    this.#budget.ended(isGood);
    this.#won += MEMORY * ((hasWon ? 1 : 0) - this.#won);
    this.#share = this.#maxShare * Math.min(1, Math.max(LEAST, this.#won / USEFUL));
  }
}
