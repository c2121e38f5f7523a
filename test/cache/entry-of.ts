import type { CacheEntry } from '../../src/cache/entry.ts';

/** Returns an entry that can be used for a minute. */
export function entryOf(text: string, tags: readonly string[] = []): CacheEntry {
  const now = Date.now();
  const until = now + 60_000;
  const times = { storedAt: now, tookMs: 1, freshUntil: until, staleUntil: until, errorUntil: until };
  return { text, ...times, isPrivate: false, tags, mayHaveLongNumbers: true };
}
