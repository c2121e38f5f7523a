/** Stands for all values beyond the bound. */
const OTHER = 'other';

/** Longer values are truncated. */
const LONGEST = 100;

/** The most different statuses of a metric, and the most error codes of one subgraph. */
export const MOST_STATUSES = 40;
export const MOST_CODES = 50;

/** How many values several {@link BoundedValues} may have together. */
export class SharedBound {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** Takes a place for one more value. Returns false where there is none left. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}

/**
 * What is kept for each value of a label that clients, subgraphs or plugins choose. The first values that come have their own; further
 * ones share that of `other`, so each of them can create a bounded number of time series.
 */
export class BoundedValues<Kept, Value extends string | number = string> {
  readonly #kept = new Map<Value, Kept>();
  readonly #max: number;
  readonly #open: (label: string) => Kept;
  readonly #shared: SharedBound | undefined;
  #other: Kept | undefined;

  /**
   * @param open creates what is kept for a label
   * @param shared a bound that counts the values of others, too
   */
  constructor(max: number, open: (label: string) => Kept, shared?: SharedBound) {
    this.#max = max;
    this.#open = open;
    this.#shared = shared;
  }

  get(value: Value): Kept {
    const known = this.#kept.get(value);
    if (known !== undefined) return known;
    if (this.#kept.size < this.#max && (this.#shared?.take() ?? true)) {
      const kept = this.#open(String(value).slice(0, LONGEST));
      this.#kept.set(value, kept);
      return kept;
    }
    this.#other ??= this.#open(OTHER);
    return this.#other;
  }
}
