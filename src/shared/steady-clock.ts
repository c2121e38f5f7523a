/** The clocks of a process. */
export interface Clocks {
  /** Milliseconds since 1970. It is set, also back. */
  readonly wall: () => number;
  /** Milliseconds since some moment. It is never set. */
  readonly monotonic: () => number;
}

/**
 * Returns a clock in milliseconds since 1970 that goes on where the clock of the machine is set back: what has expired must not become
 * fresh again. It follows a clock that is set forward.
 */
export function createSteadyClock({ wall, monotonic }: Clocks): () => number {
  let offset = Number.NEGATIVE_INFINITY;
  return () => {
    const passed = monotonic();
    offset = Math.max(offset, wall() - passed);
    return Math.floor(passed + offset);
  };
}

/** The clock by which what is cached expires. All caches of a process have the same. */
export const steadyNow = createSteadyClock({ wall: () => Date.now(), monotonic: () => performance.now() });
