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

/** So many further requests in a row that fail, too, are an outage. */
const OUTAGE = 3;

/**
 * Limits how much retries and hedges add to the load of a subgraph.
 *
 * Counts the first requests and the further ones of the last seconds. A further request is allowed while there are, with it, at
 * most `share` times as many as first ones, or at most `min_per_second` a second. So in an outage, when every request would be
 * retried, the subgraph gets 1.2 times its load, and not a multiple; and a subgraph with few requests can still retry them.
 *
 * The requests from before an outage must not pay for it: 10 s of good requests would allow twice the load for its first 2 s, and again
 * whenever those retries leave the window. So while further requests fail, too, only requests since the first of them count. The
 * first further request that succeeds ends that; so when one of several URLs fails, retries may use what the window allows.
 * One budget serves all reasons for a further request: connections that were lost, retries, and hedges.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #minimum: number;
  readonly #counts: SlidingWindow;
  /** Further requests in a row that have failed. */
  #failedInARow = 0;
  /** First requests since the first of those, and further ones since the last good one. */
  #requestsInOutage = 0;
  #furtherInOutage = 0;

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
    this.#requestsInOutage++;
  }

  /**
   * Counts a further request and returns true; returns false when the budget is used up.
   * @param overdraft how many further requests are allowed beyond the budget
   */
  withdraw(overdraft = 0): boolean {
    const count = this.#counts.sum(FURTHER) + 1 - overdraft;
    if (count > this.#minimum && !this.#isWithinShare(count, overdraft)) return false;
    this.#counts.add(FURTHER);
    this.#furtherInOutage++;
    return true;
  }

  /** Records how a further request ended. */
  ended(isGood: boolean): void {
    if (isGood) {
      this.#failedInARow = 0;
      this.#furtherInOutage = 0;
      return;
    }
    // as many requests as allow the one that has failed
    if (this.#failedInARow === 0) this.#requestsInOutage = 1 / this.#share;
    this.#failedInARow++;
  }

  #isWithinShare(count: number, overdraft: number): boolean {
    if (count > this.#share * this.#counts.sum(REQUESTS)) return false;
    if (this.#failedInARow < OUTAGE) return true;
    return this.#furtherInOutage + 1 - overdraft <= this.#share * this.#requestsInOutage;
  }
}
