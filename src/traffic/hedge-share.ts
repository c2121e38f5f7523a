import type { RetryBudget } from './retry-budget.ts';

/** The most second requests that may follow each other without first ones. */
const MAX_CREDIT = 10;

/**
 * Limits second requests to a share of the first ones: each first request adds that share of a token, and a second one takes one. So
 * bursts of slow responses cannot double the load. Second requests also spend the budget of retries.
 */
export class HedgeShare {
  readonly #maxShare: number;
  readonly #budget: RetryBudget;
  #credit = 0;

  /** @param maxShare 0.1 for 10 % */
  constructor(maxShare: number, budget: RetryBudget) {
    this.#maxShare = maxShare;
    this.#budget = budget;
  }

  /** Counts a first request. */
  deposit(): void {
    this.#credit = Math.min(MAX_CREDIT, this.#credit + this.#maxShare);
  }

  /** Returns whether a second request is allowed, and counts it. */
  withdraw(): boolean {
    const isAllowed = this.#credit >= 1 && this.#budget.withdraw();
    if (isAllowed) this.#credit--;
    return isAllowed;
  }

  /** Records how a request ended that had a second one: outages limit both. */
  ended(isGood: boolean): void {
    this.#budget.ended(isGood);
  }
}
