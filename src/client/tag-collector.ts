/** A count of invalidations: what was fetched before one of its tags was invalidated is not stored. */
export interface CacheMoment {
  /** In this process. */
  readonly local: number;
  /** In Redis, for each shard that was looked at; `undefined` where Redis is not used. */
  readonly shared?: ReadonlyMap<number, number> | undefined;
}

/** Returns the earlier one of two moments: what may be stored since it may be stored since both. */
export function earlierMoment(one: CacheMoment, other: CacheMoment): CacheMoment {
  const local = Math.min(one.local, other.local);
  if (one.shared === undefined || other.shared === undefined) return { local, shared: one.shared ?? other.shared };
  const shared = new Map(other.shared);
  for (const [shard, count] of one.shared) shared.set(shard, Math.min(count, shared.get(shard) ?? count));
  return { local, shared };
}

/** Collects what the values of one response are invalidated by, where the response as a whole is cached. */
export class TagCollector {
  readonly tags = new Set<string>();
  /** When the request came. What was invalidated since then must not be stored. */
  readonly moment: CacheMoment;
  /** Whether the tags of a value are unknown, so that the response cannot be cached. */
  isIncomplete = false;
  /** Whether a value is null that may not be cached. Only an endpoint with a time of its own is cached with it. */
  hasUncachedNull = false;
  /** Whether a source has sent data with the status of an error, so that the response cannot be cached. */
  hasErrorStatus = false;

  constructor(moment: CacheMoment) {
    this.moment = moment;
  }

  add(tags: Iterable<string>): void {
    for (const tag of tags) this.tags.add(tag);
  }
}
