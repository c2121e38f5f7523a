/** How long, and for whom, a response may be cached, as its source says. */
export interface Freshness {
  /** In milliseconds; `undefined` if the source does not say. */
  readonly maxAgeMs: number | undefined;
  /** Whether it is for one client only. */
  readonly isPrivate: boolean;
  /** Whether it must not be cached. */
  readonly noStore: boolean;
  /** Whether one of its parts does not say how long it may be cached. */
  readonly isPartial?: boolean;
}

/** Combines the caching rules of the sources of one response: the shortest lifetime, and the strictest scope. */
export class CacheControlAccumulator {
  #least: Freshness | undefined;
  #isPartial = false;

  get least(): Freshness | undefined {
    return this.#least && this.#isPartial ? { ...this.#least, isPartial: true } : this.#least;
  }

  /** @param freshness `undefined` if a source says nothing */
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
