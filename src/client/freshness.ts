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
  #limitMs: number | undefined;

  get least(): Freshness | undefined {
    const least = this.#least;
    if (this.#limitMs !== undefined) return this.#limited(this.#limitMs);
    return least && this.#isPartial ? { ...least, isPartial: true } : least;
  }

  /** A limit alone does not say that a response may be cached. */
  #limited(limitMs: number): Freshness {
    const { maxAgeMs, isPrivate = false, noStore = false } = this.#least ?? {};
    const isPartial = this.#isPartial || maxAgeMs === undefined;
    return { maxAgeMs: Math.min(maxAgeMs ?? limitMs, limitMs), isPrivate, noStore, isPartial };
  }

  /** Shortens the lifetime to that of a setting, whatever the sources say. */
  limit(maxAgeMs: number | undefined): void {
    if (maxAgeMs !== undefined) this.#limitMs = Math.min(this.#limitMs ?? maxAgeMs, maxAgeMs);
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
