import { type Breaker, type BreakerOptions, createBreaker } from './breaker.ts';

/**
 * One circuit breaker per budget. A Redis that is too slow for rate limits with 50 ms may be fast enough for commands with a
 * second.
 */
export interface Breakers {
  readonly anyOpen: boolean;
  /** Returns why a command with this budget must not be sent now; `undefined` if it may. */
  refusal(budgetMs: number): string | undefined;
  /** @param tookMs set while a breaker is open: breakers with a budget of at least this time close, too */
  succeeded(budgetMs: number, tookMs: number | undefined): void;
  failed(budgetMs: number, reason: string): void;
  /** Opens the breaker of a budget without a failed command. */
  open(budgetMs: number, reason: string): void;
}

export interface BreakersOptions extends Omit<BreakerOptions, 'onChange'> {
  /** Called when the first breaker opens, with the reason, and when all are closed again. */
  readonly onChange: (open: boolean, reason: string | undefined) => void;
}

export function createBreakers({ onChange, ...options }: BreakersOptions): Breakers {
  const breakers = new Map<number, Breaker>();
  let opened = 0;
  let reason: string | undefined;

  function changed(isOpen: boolean): void {
    opened += isOpen ? 1 : -1;
    if (isOpen && opened === 1) onChange(true, reason);
    if (opened === 0) onChange(false, undefined);
  }

  function breakerOf(budgetMs: number): Breaker {
    let breaker = breakers.get(budgetMs);
    if (breaker === undefined) {
      breaker = createBreaker({ ...options, onChange: changed });
      breakers.set(budgetMs, breaker);
    }
    return breaker;
  }

  return {
    get anyOpen() {
      return opened > 0;
    },
    refusal: (budgetMs) => (breakerOf(budgetMs).allows() ? undefined : (reason ?? 'It did not respond.')),
    succeeded(budgetMs, tookMs) {
      breakerOf(budgetMs).succeeded();
      if (tookMs === undefined) return;
      for (const [ms, breaker] of breakers) if (tookMs <= ms) breaker.succeeded();
    },
    failed(budgetMs, why) {
      reason = why;
      breakerOf(budgetMs).failed();
    },
    open(budgetMs, why) {
      reason = why;
      const breaker = breakerOf(budgetMs);
      while (!breaker.open) breaker.failed();
    },
  };
}
