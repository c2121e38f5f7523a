import type { Found, CacheStore as ResponseCacheStore } from '../../../cache/cache-store.ts';
import type { CacheEntry as StoredEntry } from '../../../cache/entry.ts';
import { MemoryStore } from '../../../cache/memory-store.ts';
import { RedisStore } from '../../../cache/redis-store.ts';
import type { CacheMoment } from '../../../client/tag-collector.ts';
import { steadyNow } from '../../../shared/steady-clock.ts';
import type { SharedRedis } from '../../../store/redis.ts';
import { type CacheEntry, readCached } from './cached-response.ts';

/** What a store has for a key. */
export interface StoredResponse {
  readonly cached: CacheEntry | undefined;
  /** The state of invalidations when it was looked up. */
  readonly moment: CacheMoment;
}

/** A store of cached responses. An entry that is unavailable right now counts as missing. */
export interface CacheStore {
  /** Synchronous for the store in memory. */
  get(key: string): StoredResponse | Promise<StoredResponse>;
  /** Returns the state of invalidations, before a response is fetched. */
  moment(): CacheMoment | Promise<CacheMoment>;
  /**
   * @param tags what the entry is invalidated by, as cache/tags.ts makes them
   * @param moment of before it was fetched: it is not stored where one of the tags was invalidated since
   */
  set(key: string, cached: CacheEntry, moment: CacheMoment, tags?: readonly string[]): void | Promise<void>;
  delete(key: string): void | Promise<void>;
  /** Adds tags to an entry; deletes it where one was invalidated since a moment. */
  addTags(key: string, tags: readonly string[], moment: CacheMoment): Promise<void>;
}

/** Creates a store of responses of APIs in the response cache, under keys of their own. */
export function apiCacheStore(store: ResponseCacheStore, now: () => number = steadyNow): CacheStore {
  const known = new WeakMap<StoredEntry, CacheEntry>();
  const read = ({ entries: [entry], moment }: Found): StoredResponse => {
    if (entry === undefined) return { cached: undefined, moment };
    const cached = known.get(entry) ?? readCached(entry.text);
    if (cached) known.set(entry, cached);
    return { cached, moment };
  };
  // its key is its own tag
  const remove = async (key: string) => {
    await Promise.resolve(store.invalidate([keyOf(key)])).catch(() => {});
  };
  const stored = async (key: string) => (await store.get([keyOf(key)])).entries[0];
  return {
    get(key) {
      const found = store.get([keyOf(key)]);
      return found instanceof Promise ? found.then(read) : read(found);
    },
    moment: () => store.moment(),
    set(key, cached, moment, tags = []) {
      const until = cached.usefulUntil;
      const times = { storedAt: now(), tookMs: 0, freshUntil: until, staleUntil: until, errorUntil: until };
      const all = [keyOf(key), ...tags];
      const entry = { text: JSON.stringify(cached), ...times, isPrivate: false, tags: all, mayHaveLongNumbers: true };
      return store.set([[keyOf(key), entry]], moment);
    },
    delete: remove,
    async addTags(key, tags, moment) {
      const entry = await stored(key);
      const has = (one: StoredEntry) => tags.every((tag) => one.tags.includes(tag));
      if (entry === undefined || has(entry)) return;
      await store.set([[keyOf(key), { ...entry, tags: [...new Set([...entry.tags, ...tags])] }]], moment);
      const tagged = await stored(key);
      // it was fetched before one of the tags was invalidated
      if (tagged !== undefined && !has(tagged)) await remove(key);
    },
  };
}

function keyOf(key: string): string {
  return `api ${key}`;
}

/** Creates a store in this process. It does not look at times: the cache itself does. */
export function memoryCacheStore(maxBytes: number): CacheStore {
  return apiCacheStore(new MemoryStore({ maxBytes, now: () => 0 }), () => 0);
}

/** Creates a store in a Redis that all processes share. While Redis is unavailable nothing is cached, and nothing fails. */
export function redisCacheStore(redis: SharedRedis, now: () => number = steadyNow): CacheStore {
  const settings = { redis, timeoutMs: redis.commandMs, compressFrom: Number.POSITIVE_INFINITY, now };
  return apiCacheStore(new RedisStore(settings), now);
}
