import { SlidingWindow } from './sliding-window.ts';

export interface RetryBudgetSettings {
  /** Further requests for each first one: 0.2 for 20 %. */
  readonly share: number;
  /** In milliseconds. */
  readonly window: number;
  /** Further requests that are allowed with few first ones. */
  readonly min_per_second: number;
}

export const DEFAULT_BUDGET: RetryBudgetSettings = { share: 0.2, window: 10_000, min_per_second: 3 };

const REQUESTS = 0;
const FURTHER = 1;

/**
 * Limits how much retries and hedges add to the load of a subgraph.
 *
 * Counts the first requests and the further ones of the last seconds. A further request is allowed while there are, with it, at
 * most `share` times as many as first ones, or at most `min_per_second` a second. So in an outage, when every request would be
 * retried, the subgraph gets 1.2 times its load, and not a multiple; and a subgraph with few requests can still retry them.
 * One budget serves all reasons for a further request: connections that were lost, retries, and hedges.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #minimum: number;
  readonly #counts: SlidingWindow;

  /** @param now a monotonic clock, in milliseconds */
  constructor({ share, window, min_per_second }: RetryBudgetSettings, now: () => number = () => performance.now()) {
    this.#share = share;
    this.#minimum = (min_per_second * window) / 1_000;
    this.#counts = new SlidingWindow(window, 2, now);
  }

  /**
   * Counts a first request.
   * @param now where it is known: the time of the clock
   */
  deposit(now?: number): void {
    this.#counts.add(REQUESTS, now);
  }

  /**
   * Counts a further request and returns true; returns false when the budget is used up.
   * @param overdraft how many further requests are allowed beyond the budget
   */
  withdraw(overdraft = 0): boolean {
    const allowed = overdraft + Math.max(this.#minimum, this.#share * this.#counts.sum(REQUESTS));
    if (this.#counts.sum(FURTHER) + 1 > allowed) return false;
    this.#counts.add(FURTHER);
    return true;
  }
}
