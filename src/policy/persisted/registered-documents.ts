import { LRUCache } from 'lru-cache';
import type { ApqConfig } from '../../config/sections/persisted-queries.ts';
import { type SharedRedis, StoreUnavailable } from '../../store/redis.ts';

/** Queries that clients registered under their hash. Forgetting one is no harm: the client sends it again. */
export interface RegisteredDocuments {
  get(hash: string): string | undefined | Promise<string | undefined>;
  /** Does not wait for the store. */
  set(hash: string, query: string): void;
}

/** In memory up to so many bytes, and behind that in Redis where there is one: then all processes know it. */
export function registeredDocuments(config: ApqConfig, redis: SharedRedis | undefined): RegisteredDocuments {
  const memory = new LRUCache<string, string>({
    maxSize: config.max_bytes,
    sizeCalculation: (query) => 2 * query.length + 200,
  });
  const shared = config.store === 'memory' ? undefined : redis;
  if (shared === undefined)
    return { get: (hash) => memory.get(hash), set: (hash, query) => void memory.set(hash, query) };
  const keyOf = (hash: string) => `${shared.prefix}:apq:${hash}`;
  return {
    get: (hash) => memory.get(hash) ?? fetchShared(shared, keyOf(hash)).then((query) => remember(memory, hash, query)),
    set(hash, query) {
      memory.set(hash, query);
      shared.run((client) => client.set(keyOf(hash), query, 'PX', config.ttl)).catch(ignoreAbsence);
    },
  };
}

async function fetchShared(redis: SharedRedis, key: string): Promise<string | undefined> {
  try {
    return (await redis.run((client) => client.get(key))) ?? undefined;
  } catch (error) {
    ignoreAbsence(error);
    return undefined;
  }
}

function remember(memory: LRUCache<string, string>, hash: string, query: string | undefined): string | undefined {
  if (query !== undefined) memory.set(hash, query);
  return query;
}

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}
