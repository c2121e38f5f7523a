import { LRUCache } from 'lru-cache';
import { type SharedRedis, StoreUnavailable } from '../../../store/redis.ts';
import type { CacheEntry } from './cached-response.ts';

/** A store of cached responses. An entry that is unavailable right now counts as missing. */
export interface CacheStore {
  /** Synchronous for the store in memory. */
  get(key: string): CacheEntry | undefined | Promise<CacheEntry | undefined>;
  set(key: string, cached: CacheEntry): void | Promise<void>;
  delete(key: string): void | Promise<void>;
}

/** Estimated bytes of a response beside its text: key, headers, bookkeeping. */
const OVERHEAD = 1_024;

/** Creates a store in this process. Evicts the least recently used entries first. */
export function memoryCacheStore(maxBytes: number): CacheStore {
  const all = new LRUCache<string, CacheEntry>({
    maxSize: maxBytes,
    sizeCalculation: (cached) => OVERHEAD + (cached.kind === 'answer' ? Buffer.byteLength(cached.text) : 0),
  });
  return {
    get: (key) => all.get(key),
    set: (key, cached) => void all.set(key, cached),
    delete: (key) => void all.delete(key),
  };
}

/** Creates a store in a Redis that all processes share. While Redis is unavailable nothing is cached, and nothing fails. */
export function redisCacheStore(redis: SharedRedis, now: () => number = Date.now): CacheStore {
  const keyOf = (key: string) => `${redis.prefix}:rest:answer:${key}`;
  return {
    async get(key) {
      const text = await orNothing(() => redis.run((client) => client.get(keyOf(key))));
      return text ? (JSON.parse(text) as CacheEntry) : undefined;
    },
    async set(key, cached) {
      const ttl = Math.max(1, Math.ceil(cached.usefulUntil - now()));
      await orNothing(() => redis.run((client) => client.set(keyOf(key), JSON.stringify(cached), 'PX', ttl)));
    },
    async delete(key) {
      await orNothing(() => redis.run((client) => client.unlink(keyOf(key))));
    },
  };
}

async function orNothing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}
