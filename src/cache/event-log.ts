import { LRUCache } from 'lru-cache';
import { nextInOrder } from '../shared/arrival-order.ts';
import type { FetchEvent } from '../sources/source.ts';
import type { CacheEntry } from './entry.ts';

/** More keys than these are forgotten, the oldest first: their values are fetched once more. */
const MOST_KEYS = 10_000;

type Stored = Pick<CacheEntry, 'storedAt'>;

/**
 * Remembers which values this process has fetched for events. They serve further events that arrived before the fetch was sent, and
 * what was fetched earlier does not replace them. Values that other processes have stored say nothing: clocks differ.
 */
export class EventLog {
  readonly #fetches = new LRUCache<string, { readonly order: number; readonly askedAt: number }>({ max: MOST_KEYS });

  /** Records a fetch that is about to be sent. */
  add(keys: readonly string[], askedAt: number): void {
    const order = nextInOrder();
    for (const key of keys) this.#fetches.set(key, { order, askedAt });
  }

  /** Returns whether an entry was fetched after an event had arrived. */
  isNewer(key: string, { storedAt }: Stored, event: FetchEvent): boolean {
    const fetched = this.#fetches.get(key);
    return fetched !== undefined && fetched.order > event.order && fetched.askedAt === storedAt;
  }

  /** Returns whether an entry of another fetch may be older than the one that was fetched for an event. */
  mayBeOlder(key: string, { storedAt }: Stored, isOfEvent: boolean): boolean {
    const fetched = this.#fetches.get(key);
    if (fetched === undefined) return false;
    return isOfEvent ? storedAt < fetched.askedAt : storedAt <= fetched.askedAt;
  }
}
