/** A circuit breaker. */
export interface Breaker {
  /** Whether to try now. While open, one try is allowed per cool-down; its result decides. */
  allows(): boolean;
  succeeded(): void;
  failed(): void;
  readonly open: boolean;
}

export interface BreakerOptions {
  /** Failures in a row that open it. Default 3. */
  readonly threshold?: number;
  /** Milliseconds between tries while it is open. Default 250. */
  readonly coolDownMs?: number;
  /** Returns milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Called when it opens, and when it closes again. */
  readonly onChange?: (open: boolean) => void;
}

/** Creates a circuit breaker that counts failures in a row. */
export function createBreaker(options: BreakerOptions = {}): Breaker {
  const { threshold = 3, coolDownMs = 250, now = () => performance.now(), onChange } = options;
  let failures = 0;
  let open = false;
  let nextTry = 0;
  return {
    get open() {
      return open;
    },
    allows() {
      if (!open) return true;
      const time = now();
      if (time < nextTry) return false;
      nextTry = time + coolDownMs;
      return true;
    },
    succeeded() {
      failures = 0;
      if (!open) return;
      open = false;
      onChange?.(false);
    },
    failed() {
      failures += 1;
      if (open || failures < threshold) return;
      open = true;
      nextTry = now() + coolDownMs;
      onChange?.(true);
    },
  };
}
