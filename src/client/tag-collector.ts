/** A count of invalidations: what was fetched before one of its tags was invalidated is not stored. */
export interface CacheMoment {
  /** In this process. */
  readonly local: number;
  /** In Redis; `undefined` where that is not used, or did not respond. */
  readonly shared?: number | undefined;
}

/** Collects what the values of one response are invalidated by, where the response as a whole is cached. */
export class TagCollector {
  readonly tags = new Set<string>();
  /** When the request came. What was invalidated since then must not be stored. */
  readonly moment: CacheMoment;
  /** Whether the tags of a value are unknown, so that the response cannot be cached. */
  isIncomplete = false;

  constructor(moment: CacheMoment) {
    this.moment = moment;
  }

  add(tags: Iterable<string>): void {
    for (const tag of tags) this.tags.add(tag);
  }
}
