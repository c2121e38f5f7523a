import { LRUCache } from 'lru-cache';
import { type SharedRedis, StoreUnavailable } from '../../../store/redis.ts';
import type { Kept } from './kept-answer.ts';

/** Where answers are kept. What cannot be had just now counts as not there. */
export interface CacheStore {
  /** At once where it is in memory. */
  get(key: string): Kept | undefined | Promise<Kept | undefined>;
  set(key: string, cached: Kept): void | Promise<void>;
  delete(key: string): void | Promise<void>;
}

/** What an answer takes beside its text, in bytes: its key, its headers, the books about it. */
const OVERHEAD = 1_024;

/** Keeps answers in this process; those unused for longest go first. */
export function memoryKeeper(maxBytes: number): CacheStore {
  const all = new LRUCache<string, Kept>({
    maxSize: maxBytes,
    sizeCalculation: (cached) => OVERHEAD + (cached.kind === 'answer' ? Buffer.byteLength(cached.text) : 0),
  });
  return {
    get: (key) => all.get(key),
    set: (key, cached) => void all.set(key, cached),
    delete: (key) => void all.delete(key),
  };
}

/** Keeps answers in a Redis that all processes share. Where Redis is away nothing is kept, and nothing fails. */
export function redisKeeper(redis: SharedRedis, now: () => number = Date.now): CacheStore {
  const keyOf = (key: string) => `${redis.prefix}:rest:answer:${key}`;
  return {
    async get(key) {
      const text = await orNothing(() => redis.run((client) => client.get(keyOf(key))));
      return text ? (JSON.parse(text) as Kept) : undefined;
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
