import { LRUCache } from 'lru-cache';
import { expiresAt, type ResponseStore, type StoredResponse } from './stored-response.ts';

export interface MemoryStoreOptions {
  readonly maxBytes: number;
  readonly now?: (() => number) | undefined;
}

/** Size of a cached response beside its body, in bytes: key, tags, headers. */
const OVERHEAD = 1_024;

/** Creates a store in the memory of this process. It evicts the least recently used responses first. */
export function createMemoryStore({ maxBytes, now = Date.now }: MemoryStoreOptions): ResponseStore {
  const keysByTag = new Map<string, Set<string>>();
  const responses = new LRUCache<string, StoredResponse>({
    maxSize: maxBytes,
    // compressed bodies are added later, and are about half as long
    sizeCalculation: ({ response, tags }, key) => OVERHEAD + key.length + tags.length * 100 + response.body.length * 2,
    dispose: (stored, key) => {
      for (const tag of stored.tags) forget(tag, key);
    },
  });

  function forget(tag: string, key: string): void {
    const keys = keysByTag.get(tag);
    if (keys?.delete(key) && keys.size === 0) keysByTag.delete(tag);
  }

  return {
    get(key) {
      const stored = responses.get(key);
      if (stored === undefined || now() <= expiresAt(stored)) return stored;
      responses.delete(key);
      return undefined;
    },
    set(key, stored) {
      responses.set(key, stored);
      if (!responses.has(key)) return;
      for (const tag of stored.tags) {
        const keys = keysByTag.get(tag);
        if (keys) keys.add(key);
        else keysByTag.set(tag, new Set([key]));
      }
    },
    purge(tags) {
      const keys = new Set(tags.flatMap((tag) => [...(keysByTag.get(tag) ?? [])]));
      for (const key of keys) responses.delete(key);
      return keys.size;
    },
  };
}
