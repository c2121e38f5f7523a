import type { CacheMoment } from '../client/tag-collector.ts';
import type { CacheEntry } from './entry.ts';

/** What a look-up of several keys has found. */
export interface Found {
  /** In the order of the keys; `undefined` for what is missing. */
  readonly entries: readonly (CacheEntry | undefined)[];
  /** The state of invalidations when the keys were looked up. It goes with what is stored after the fetch. */
  readonly moment: Moment;
}

/** A count of invalidations, with what is stored. */
export type Moment = CacheMoment;

/** An entry to store. */
export type KeyedEntry = readonly [key: string, entry: CacheEntry];

/** A store of cached values. While it is unavailable, it behaves as if it were empty; it never throws or rejects. */
export interface CacheStore {
  /** Looks up several keys at once. Synchronous for the store in memory. */
  get(keys: readonly string[]): Found | Promise<Found>;
  /** Stores entries, except those with a tag that was invalidated since the moment of the look-up. */
  set(entries: readonly KeyedEntry[], moment: Moment): void | Promise<void>;
  /** Removes all entries with one of the tags, and returns their number. Rejects where it cannot be said what was removed. */
  invalidate(tags: readonly string[]): number | Promise<number>;
  /** Returns whether this process may refresh a key now: no other process does. Without other processes always true. */
  claim(key: string, ms: number): boolean | Promise<boolean>;
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
