import type { Claim, Versioned } from '../../src/cache/cache-store.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';

/** A store in memory that is shared as one in Redis is: each version of an entry can be claimed once. */
export class ClaimingStore extends MemoryStore {
  readonly #claimed = new Set<string>();

  override claim(entries: readonly Versioned[]): Claim {
    const isClaimed = entries.map(([key, { storedAt }]) => {
      const name = `${storedAt} ${key}`;
      const isFree = !this.#claimed.has(name);
      this.#claimed.add(name);
      return isFree;
    });
    return { isClaimed, moment: this.moment() };
  }
}
