/** How long, and for whom, an answer holds, as its source says. */
export interface Freshness {
  /** In milliseconds; `undefined` where the source says nothing of it. */
  readonly maxAgeMs: number | undefined;
  /** It is for the one client alone that asked. */
  readonly isPrivate: boolean;
  /** Nobody may keep it. */
  readonly noStore: boolean;
  /** A part of what it was made of does not say how long it holds. */
  readonly isPartial?: boolean;
}

/** Gathers what the sources of one answer say: it holds as long as the one that holds shortest, for whom all of them do. */
export class CacheControlAccumulator {
  #least: Freshness | undefined;
  #isPartial = false;

  get least(): Freshness | undefined {
    return this.#least && this.#isPartial ? { ...this.#least, isPartial: true } : this.#least;
  }

  /** @param freshness `undefined` where a source says nothing */
  record(freshness: Freshness | undefined): void {
    const least = this.#least;
    if (freshness?.maxAgeMs === undefined || freshness.isPartial) this.#isPartial = true;
    if (freshness === undefined || least === undefined) {
      this.#least = freshness ?? least;
      return;
    }
    const ages = [freshness.maxAgeMs, least.maxAgeMs].filter((age) => age !== undefined);
    this.#least = {
      maxAgeMs: ages.length === 0 ? undefined : Math.min(...ages),
      isPrivate: freshness.isPrivate || least.isPrivate,
      noStore: freshness.noStore || least.noStore,
    };
  }
}
