/** How many responses count. */
const SIZE = 256;
/** Fewer responses say nothing about their slowest twentieth. */
const MIN_SIZE = 20;
/** The percentile is computed once for so many responses. */
const EVERY = 32;

/**
 * The 95th percentile of the last 256 response times.
 *
 * A ring holds the times. Every 32nd time, they are sorted, and the smallest one that is not exceeded by 95 % of them is kept
 * (the nearest rank), which costs less than a microsecond per response.
 */
export class LatencyWindow {
  readonly #times = new Float64Array(SIZE);
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
    const sorted = this.#times.slice(0, Math.min(this.#count, SIZE)).sort();
    this.#p95 = sorted[Math.ceil(sorted.length * 0.95) - 1];
  }
}
