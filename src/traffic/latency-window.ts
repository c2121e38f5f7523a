/** How many responses count. */
const SIZE = 256;
/** Fewer responses say nothing about their slowest twentieth. */
const MIN_SIZE = 20;
/** The percentile is computed once for so many responses. */
const EVERY = 32;
/** How many of all times are not smaller than the percentile. */
const LARGEST = SIZE - Math.ceil(SIZE * 0.95) + 1;

/**
 * The 95th percentile of the last 256 response times.
 *
 * A ring holds the times. Every 32nd time, the smallest one that is not exceeded by 95 % of them is found and kept (the nearest
 * rank). It is the 13th largest of 256: one pass finds it, which keeps the 13 largest so far. So a response costs some nanoseconds.
 */
export class LatencyWindow {
  readonly #times = new Float64Array(SIZE);
  /** The largest times, the largest first. */
  readonly #largest = new Float64Array(LARGEST);
  #count = 0;
  #p95: number | undefined;

  /** @param ms a response time, in milliseconds */
  record(ms: number): void {
    this.#times[this.#count++ % SIZE] = ms;
    if (this.#count === MIN_SIZE || this.#count % EVERY === 0) this.#compute();
  }

  /** Returns the percentile in milliseconds; `undefined` before 20 responses. */
  p95(): number | undefined {
    return this.#p95;
  }

  #compute(): void {
    if (this.#count < MIN_SIZE) return;
    const size = Math.min(this.#count, SIZE);
    const rank = size - Math.ceil(size * 0.95);
    const largest = this.#largest.fill(Number.NEGATIVE_INFINITY);
    for (let index = 0; index < size; index++) {
      const time = this.#times[index] as number;
      if (time <= (largest[rank] as number)) continue;
      let at = rank;
      for (; at > 0 && (largest[at - 1] as number) < time; at--) largest[at] = largest[at - 1] as number;
      largest[at] = time;
    }
    this.#p95 = largest[rank];
  }
}
