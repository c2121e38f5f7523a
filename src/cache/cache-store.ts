import type { CacheMoment } from '../client/tag-collector.ts';
import type { CacheEntry } from './entry.ts';

/** What a look-up of several keys has found. */
export interface Found {
  /** In the order of the keys; `undefined` for what is missing. */
  readonly entries: readonly (CacheEntry | undefined)[];
  /** The state of invalidations when the keys were looked up. It goes with what is stored under them after the fetch. */
  readonly moment: Moment;
}

/** What a process may refresh now. */
export interface Claim {
  /** For each of the names, whether no other process refreshes it. */
  readonly isClaimed: readonly boolean[];
  /** It goes with what is stored after the refresh. */
  readonly moment: Moment;
}

/** A count of invalidations, with what is stored. */
export type Moment = CacheMoment;

/** An entry to store. */
export type KeyedEntry = readonly [key: string, entry: CacheEntry];

/** The longest that another process may take to refresh an entry, in milliseconds. */
export const REFRESH_MS = 10_000;

/** One version of an entry: the key, and when it was stored. */
export type Versioned = readonly [key: string, entry: Pick<CacheEntry, 'storedAt'>];

/** A store of cached values. While it is unavailable, it behaves as if it were empty; it never throws or rejects. */
export interface CacheStore {
  /** Looks up several keys at once. Synchronous for the store in memory. */
  get(keys: readonly string[]): Found | Promise<Found>;
  /** Returns the state of invalidations, for what is stored under any key. */
  moment(): Moment | Promise<Moment>;
  /** Stores entries, except those with a tag that was invalidated since the moment of the look-up. */
  set(entries: readonly KeyedEntry[], moment: Moment): void | Promise<void>;
  /** Removes all entries with one of the tags, and returns their number. Rejects where it cannot be said what was removed. */
  invalidate(tags: readonly string[]): number | Promise<number>;
  /**
   * Claims keys for a refresh, so that one process refreshes each: for at most `ms` milliseconds, and one version of its entry. Without
   * other processes, and while Redis is unavailable, all are claimed.
   */
  claim(entries: readonly Versioned[], ms: number): Claim | Promise<Claim>;
  /** Returns what takes most memory in this process; for operators. */
  report(most: number): StoreReport;
}

/** What is in a store. */
export interface StoreReport {
  readonly entries: number;
  readonly bytes: number;
  /** The tags with the most entries. */
  readonly tags: readonly { readonly tag: string; readonly entries: number }[];
  /** The keys that were used most. */
  readonly keys: readonly { readonly key: string; readonly hits: number; readonly bytes: number }[];
}
