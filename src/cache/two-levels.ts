import type { CacheStore, Found, KeyedEntry, Moment, StoreReport } from './cache-store.ts';
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
  #seen: number | undefined;
  #seenAt = 0;

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
    const moment = { local, shared: far.moment.shared };
    this.#seen = moment.shared;
    this.#seenAt = performance.now();
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

  /** Returns the last moment that was read from Redis. An older one is safe: at most, too little is stored. */
  #lastMoment(): number | undefined {
    return performance.now() - this.#seenAt < LONGEST_MS ? this.#seen : undefined;
  }

  async invalidate(tags: readonly string[]): Promise<number> {
    this.#memory.invalidate(tags);
    return this.#redis.invalidate(tags);
  }

  claim(key: string, ms: number): Promise<boolean> {
    return this.#redis.claim(key, ms);
  }

  report(most: number): StoreReport {
    return this.#memory.report(most);
  }
}
