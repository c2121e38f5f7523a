import { LRUCache } from 'lru-cache';
import { type ResponseStore, type StoredResponse, usefulUntil } from './stored-answer.ts';

export interface MemoryStoreOptions {
  readonly maxBytes: number;
  readonly now?: (() => number) | undefined;
}

/** What an answer takes beside its body, in bytes: its key, its tags, its headers. */
const OVERHEAD = 1_024;

/** Keeps answers in this process; those unused for longest go first. */
export function createMemoryStore({ maxBytes, now = Date.now }: MemoryStoreOptions): ResponseStore {
  const keysByTag = new Map<string, Set<string>>();
  const answers = new LRUCache<string, StoredResponse>({
    maxSize: maxBytes,
    // compressed forms come later, and are about half as long
    sizeCalculation: ({ response, tags }, key) => OVERHEAD + key.length + tags.length * 100 + response.body.length * 2,
    dispose: (answer, key) => {
      for (const tag of answer.tags) forget(tag, key);
    },
  });

  function forget(tag: string, key: string): void {
    const keys = keysByTag.get(tag);
    if (keys?.delete(key) && keys.size === 0) keysByTag.delete(tag);
  }

  return {
    get(key) {
      const answer = answers.get(key);
      if (answer === undefined || now() <= usefulUntil(answer)) return answer;
      answers.delete(key);
      return undefined;
    },
    set(key, answer) {
      answers.set(key, answer);
      if (!answers.has(key)) return;
      for (const tag of answer.tags) {
        const keys = keysByTag.get(tag);
        if (keys) keys.add(key);
        else keysByTag.set(tag, new Set([key]));
      }
    },
    purge(tags) {
      const keys = new Set(tags.flatMap((tag) => [...(keysByTag.get(tag) ?? [])]));
      for (const key of keys) answers.delete(key);
      return keys.size;
    },
  };
}
