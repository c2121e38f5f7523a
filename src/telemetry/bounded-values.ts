/** Stands for all values beyond the bound. */
const OTHER = 'other';

/** Longer values are truncated. */
const LONGEST = 100;

/**
 * What is kept for each value of a label that clients choose. The first values that come have their own; further ones share that of
 * `other`, so a client can create a bounded number of time series.
 */
export class BoundedValues<Kept> {
  readonly #kept = new Map<string, Kept>();
  readonly #max: number;
  readonly #open: (label: string) => Kept;
  #other: Kept | undefined;

  /** @param open creates what is kept for a label */
  constructor(max: number, open: (label: string) => Kept) {
    this.#max = max;
    this.#open = open;
  }

  get(value: string): Kept {
    const known = this.#kept.get(value);
    if (known !== undefined) return known;
    if (this.#kept.size < this.#max) {
      const kept = this.#open(value.slice(0, LONGEST));
      this.#kept.set(value, kept);
      return kept;
    }
    this.#other ??= this.#open(OTHER);
    return this.#other;
  }
}
