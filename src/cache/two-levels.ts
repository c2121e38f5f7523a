import type { CacheStore, Claim, Found, KeyedEntry, Moment, StoreReport, Versioned } from './cache-store.ts';
import type { CacheEntry } from './entry.ts';
import type { MemoryStore } from './memory-store.ts';
import type { RedisStore } from './redis-store.ts';

/** Shorter than Redis remembers invalidations, in milliseconds. */
const LONGEST_MS = 300_000;

/**
 * A store in memory before one in Redis. What other processes invalidate must be removed from the memory by a message. While messages may
 * be lost, only Redis is asked.
 */
export class TwoLevelStore implements CacheStore {
  readonly #memory: MemoryStore;
  readonly #redis: RedisStore;
  readonly #isInformed: () => boolean;
  /** The last moment of each shard that was read from Redis, and when. */
  readonly #seen = new Map<number, { readonly count: number; readonly at: number }>();

  /** @param isInformed whether messages about invalidations arrive */
  constructor(memory: MemoryStore, redis: RedisStore, isInformed: () => boolean) {
    this.#memory = memory;
    this.#redis = redis;
    this.#isInformed = isInformed;
  }

  get(keys: readonly string[]): Found | Promise<Found> {
    const moment = { local: this.#memory.log.moment };
    if (!this.#isInformed())
      return this.#fromRedis(
        keys,
        keys.map(() => undefined),
        moment,
      );
    const near = this.#memory.get(keys);
    if (near.entries.includes(undefined)) return this.#fromRedis(keys, near.entries, moment);
    return { entries: near.entries, moment: { ...moment, shared: this.#lastMoment() } };
  }

  async #fromRedis(
    keys: readonly string[],
    near: readonly (CacheEntry | undefined)[],
    { local }: Moment,
  ): Promise<Found> {
    const missing = keys.filter((_, index) => near[index] === undefined);
    const far = await this.#redis.get(missing);
    let next = 0;
    const entries = near.map((entry) => entry ?? far.entries[next++]);
    // those that are in memory may be refreshed
    const moment = { local, shared: new Map([...this.#lastMoment(), ...(far.moment.shared ?? [])]) };
    this.#remember(far.moment);
    const arrived = missing.flatMap((key, index): KeyedEntry[] => {
      const entry = far.entries[index];
      return entry === undefined ? [] : [[key, entry]];
    });
    if (this.#isInformed()) this.#memory.set(arrived, moment);
    return { entries, moment };
  }

  set(entries: readonly KeyedEntry[], moment: Moment): Promise<void> {
    if (this.#isInformed()) this.#memory.set(entries, moment);
    return this.#redis.set(entries, moment);
  }

  async moment(): Promise<Moment> {
    const { local } = this.#memory.moment();
    const far = await this.#redis.moment();
    this.#remember(far);
    return { local, shared: far.shared };
  }

  #remember({ shared = new Map() }: Moment): void {
    const at = performance.now();
    for (const [shard, count] of shared) this.#seen.set(shard, { count, at });
  }

  /** Returns the last moments that were read from Redis. Older ones are safe: at most, too little is stored. */
  #lastMoment(): Map<number, number> {
    const oldest = performance.now() - LONGEST_MS;
    const shared = new Map<number, number>();
    for (const [shard, { count, at }] of this.#seen) if (at > oldest) shared.set(shard, count);
    return shared;
  }

  async invalidate(tags: readonly string[]): Promise<number> {
    this.#memory.invalidate(tags);
    return this.#redis.invalidate(tags);
  }

  async claim(entries: readonly Versioned[], ms: number): Promise<Claim> {
    const { local } = this.#memory.moment();
    const { isClaimed, moment } = await this.#redis.claim(entries, ms);
    this.#remember(moment);
    return { isClaimed, moment: { local, shared: moment.shared } };
  }

  report(most: number): StoreReport {
    return this.#memory.report(most);
  }
}
