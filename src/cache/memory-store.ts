import { LRUCache } from 'lru-cache';
import { steadyNow } from '../shared/steady-clock.ts';
import type { CacheStore, Claim, Found, KeyedEntry, Moment, StoreReport, Versioned } from './cache-store.ts';
import { type CacheEntry, expiresAt } from './entry.ts';
import { FrequencySketch } from './frequency-sketch.ts';
import { InvalidationLog } from './invalidation-log.ts';

export interface MemoryStoreOptions {
  readonly maxBytes: number;
  readonly now?: (() => number) | undefined;
}

/** Bytes of an entry beside its texts. */
const OVERHEAD = 300;
/** The largest share of the store that one entry may take. */
const LARGEST_SHARE = 1 / 8;

interface Kept {
  readonly entry: CacheEntry;
  hits: number;
}

/**
 * A store in the memory of this process, bounded by bytes. While there is room, everything is stored. Then an entry that is new
 * replaces the least recently used ones only if its key was used at least as often as theirs, so that many keys that are used once
 * do not replace those that are used again and again.
 */
export class MemoryStore implements CacheStore {
  readonly log = new InvalidationLog();
  readonly #now: () => number;
  readonly #maxBytes: number;
  readonly #entries: LRUCache<string, Kept>;
  readonly #keysByTag = new Map<string, Set<string>>();
  readonly #frequency = new FrequencySketch();

  constructor({ maxBytes, now = steadyNow }: MemoryStoreOptions) {
    this.#now = now;
    this.#maxBytes = maxBytes;
    this.#entries = new LRUCache<string, Kept>({
      maxSize: maxBytes,
      maxEntrySize: Math.max(1, Math.floor(maxBytes * LARGEST_SHARE)),
      sizeCalculation: ({ entry }, key) => sizeOf(key, entry),
      dispose: ({ entry }, key) => {
        for (const tag of entry.tags) this.#forget(tag, key);
      },
    });
  }

  get(keys: readonly string[]): Found {
    return { entries: keys.map((key) => this.getOne(key)), moment: this.moment() };
  }

  moment(): Moment {
    return { local: this.log.moment };
  }

  getOne(key: string): CacheEntry | undefined {
    this.#frequency.add(key);
    const kept = this.#entries.get(key);
    if (kept === undefined) return undefined;
    if (this.#now() < expiresAt(kept.entry)) {
      kept.hits++;
      return kept.entry;
    }
    this.#entries.delete(key);
    return undefined;
  }

  set(entries: readonly KeyedEntry[], { local }: Moment): void {
    for (const [key, entry] of entries) {
      if (this.log.isOutdated(entry.tags, local) || !this.#isAdmitted(key, entry)) continue;
      // `dispose` removes the tags of the entry that is replaced, so the new ones are added after that
      this.#entries.set(key, { entry, hits: this.#entries.peek(key)?.hits ?? 0 });
      if (this.#entries.has(key)) for (const tag of entry.tags) this.#remember(tag, key);
    }
  }

  invalidate(tags: readonly string[]): number {
    this.log.add(tags);
    let count = 0;
    for (const tag of tags) {
      for (const key of [...(this.#keysByTag.get(tag) ?? [])]) if (this.#entries.delete(key)) count++;
    }
    return count;
  }

  /** Removes everything. */
  clear(): void {
    this.log.addAll();
    this.#entries.clear();
    this.#keysByTag.clear();
  }

  claim(entries: readonly Versioned[]): Claim {
    return { isClaimed: entries.map(() => true), moment: this.moment() };
  }

  report(most: number): StoreReport {
    const tags = [...this.#keysByTag].map(([tag, keys]) => ({ tag: shownTag(tag), entries: keys.size }));
    const keys = [...this.#entries.entries()].map(([key, { entry, hits }]) => ({
      key: shownKey(key, entry),
      hits,
      bytes: sizeOf(key, entry),
    }));
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      tags: tags.sort((one, other) => other.entries - one.entries).slice(0, most),
      keys: keys.sort((one, other) => other.hits - one.hits).slice(0, most),
    };
  }

  #isAdmitted(key: string, entry: CacheEntry): boolean {
    const size = sizeOf(key, entry);
    if (this.#entries.calculatedSize + size <= this.#maxBytes || this.#entries.has(key)) return true;
    const uses = this.#frequency.estimate(key);
    let freed = this.#maxBytes - this.#entries.calculatedSize;
    for (const victim of this.#entries.rkeys()) {
      if (this.#frequency.estimate(victim) > uses) return false;
      const kept = this.#entries.peek(victim);
      freed += kept === undefined ? 0 : sizeOf(victim, kept.entry);
      if (freed >= size) return true;
    }
    return true;
  }

  #remember(tag: string, key: string): void {
    const keys = this.#keysByTag.get(tag);
    if (keys) keys.add(key);
    else this.#keysByTag.set(tag, new Set([key]));
  }

  #forget(tag: string, key: string): void {
    const keys = this.#keysByTag.get(tag);
    if (keys?.delete(key) && keys.size === 0) this.#keysByTag.delete(tag);
  }
}

/** Returns a key for people: after what it is of, since the key itself is a hash. */
function shownKey(key: string, { tags: [first = '', ...others] }: CacheEntry): string {
  const type = first.startsWith('subgraph ') ? others.find((tag) => tag.startsWith('type ')) : undefined;
  return `${shownTag(type ?? first)} ${key}`.trimStart();
}

/** Tags of endpoints have no subgraph. */
function shownTag(tag: string): string {
  return tag.replace(/^(\w+) {2}/, '$1 ');
}

/** Returns about how many bytes an entry takes. The tags are counted with their place in the index. */
function sizeOf(key: string, { text, tags, head }: CacheEntry): number {
  let size = OVERHEAD + key.length + text.length * 2;
  for (const tag of tags) size += 100 + tag.length * 2;
  if (head) for (const name in head.headers) size += name.length + (head.headers[name]?.length ?? 0);
  return size;
}
