/** A sum forgets an event between nine and ten tenths of the window after it. */
const SLICES = 10;

/**
 * Sums of events over the last `windowMs` milliseconds, in constant memory.
 *
 * Time is split into slices of a tenth of the window. Each slice has one count per column; a ring holds the last ten slices, and
 * `#totals` their sums. When time enters a new slice, the counts of the slice that leaves the ring are subtracted. So an event
 * costs a few additions, however many there are, and is forgotten with its slice.
 */
export class SlidingWindow {
  readonly #sliceMs: number;
  readonly #now: () => number;
  readonly #columns: number;
  /** The counts of slice `s` begin at `(s % SLICES) * columns`. */
  readonly #counts: number[];
  readonly #totals: number[];
  #slice: number;

  /** @param now a monotonic clock, in milliseconds */
  constructor(windowMs: number, columns: number, now: () => number) {
    this.#sliceMs = windowMs / SLICES;
    this.#columns = columns;
    this.#now = now;
    this.#counts = new Array(SLICES * columns).fill(0);
    this.#totals = new Array(columns).fill(0);
    this.#slice = this.#sliceAt(now());
  }

  /** @param now where it is known: the time of the clock */
  add(column: number, now = this.#now()): void {
    this.#advance(now);
    const at = this.#offsetOf(this.#slice) + column;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#totals[column] = (this.#totals[column] as number) + 1;
  }

  /** @param now where it is known: the time of the clock */
  sum(column: number, now = this.#now()): number {
    this.#advance(now);
    return this.#totals[column] as number;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#totals.fill(0);
  }

  #advance(now: number): void {
    const slice = this.#sliceAt(now);
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let step = 1; step <= passed; step++) this.#forget(this.#slice + step);
    if (passed > 0) this.#slice = slice;
  }

  #forget(slice: number): void {
    const offset = this.#offsetOf(slice);
    for (let column = 0; column < this.#columns; column++) {
      const at = offset + column;
      this.#totals[column] = (this.#totals[column] as number) - (this.#counts[at] as number);
      this.#counts[at] = 0;
    }
  }

  #sliceAt(now: number): number {
    return Math.floor(now / this.#sliceMs);
  }

  #offsetOf(slice: number): number {
    return (slice % SLICES) * this.#columns;
  }
}
