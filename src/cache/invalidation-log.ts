/** More tags than these are forgotten at once: then nothing is stored that was fetched before. */
const MOST_TAGS = 10_000;

/** Remembers which tags were invalidated after which, so that what was being fetched meanwhile is not stored. */
export class InvalidationLog {
  readonly #last = new Map<string, number>();
  #count = 0;
  /** What was fetched before this moment may have any old tag. */
  #floor = 0;

  /** The number of invalidations so far. */
  get moment(): number {
    return this.#count;
  }

  add(tags: readonly string[]): void {
    this.#count++;
    if (this.#last.size + tags.length > MOST_TAGS) {
      this.#last.clear();
      this.#floor = this.#count;
    }
    for (const tag of tags) this.#last.set(tag, this.#count);
  }

  /** Forgets nothing and trusts nothing: whatever is being fetched now is not stored. */
  addAll(): void {
    this.#last.clear();
    this.#floor = ++this.#count;
  }

  /** Returns whether one of the tags was invalidated after a moment. */
  isOutdated(tags: readonly string[], moment: number): boolean {
    if (moment === this.#count) return false;
    if (moment < this.#floor) return true;
    return tags.some((tag) => (this.#last.get(tag) ?? 0) > moment);
  }
}
