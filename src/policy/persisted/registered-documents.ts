import { LRUCache } from 'lru-cache';
import type { ApqConfig } from '../../config/sections/persisted-queries.ts';
import { type SharedRedis, StoreUnavailable } from '../../store/redis.ts';
import { REGISTER_SCRIPT } from './register-script.ts';

/** Documents that clients have registered under their hash. A lost one does no harm: the client sends it again. */
export interface RegisteredDocuments {
  get(hash: string): string | undefined | Promise<string | undefined>;
  /** Stores a document in the background. */
  set(hash: string, query: string): void;
}

/** Documents that other processes have registered. `get` also resolves with `undefined` when the other process is unavailable. */
export interface RemoteDocuments {
  get(hash: string): Promise<string | undefined>;
  set(hash: string, query: string): void;
}

/**
 * Caches documents in memory, up to `max_bytes`. Behind that is a store that all processes share: Redis with the same limit if it
 * is configured, else `remote`.
 */
export function registeredDocuments(
  config: ApqConfig,
  redis: SharedRedis | undefined,
  remote?: RemoteDocuments | undefined,
): RegisteredDocuments {
  const memory = new LRUCache<string, string>({
    maxSize: config.max_bytes,
    sizeCalculation: (query) => 2 * query.length + 200,
  });
  const shared = config.store === 'memory' ? undefined : redis;
  if (shared === undefined && remote !== undefined) {
    return {
      get: (hash) => memory.get(hash) ?? remote.get(hash).then((query) => remember(memory, hash, query)),
      set(hash, query) {
        memory.set(hash, query);
        remote.set(hash, query);
      },
    };
  }
  if (shared === undefined)
    return { get: (hash) => memory.get(hash), set: (hash, query) => void memory.set(hash, query) };
  const prefix = `${shared.prefix}:apq:`;
  const keyOf = (hash: string) => prefix + hash;
  const register = shared.script<null>('headgateRegisterDocument', REGISTER_SCRIPT);
  const [index, total] = [`${shared.prefix}:apq-index`, `${shared.prefix}:apq-bytes`];
  return {
    get: (hash) => memory.get(hash) ?? fetchShared(shared, keyOf(hash)).then((query) => remember(memory, hash, query)),
    set(hash, query) {
      memory.set(hash, query);
      const given = [hash, query, config.ttl, config.max_bytes, prefix];
      shared.run(() => register([keyOf(hash), index, total], given)).catch(ignoreAbsence);
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
