import { LRUCache } from 'lru-cache';
import { addressGroup } from '../client-address.ts';

export interface FailedAttemptsOptions {
  /** Bad credentials that one address may send in a window. */
  readonly limit: number;
  readonly windowMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: (() => number) | undefined;
}

interface Tally {
  failures: number;
  readonly until: number;
}

const MOST_ADDRESSES = 50_000;

/** Counts bad credentials by the address that they come from (IPv6 by /64), in windows that begin with the first one. */
export class FailedAttempts {
  readonly #options: FailedAttemptsOptions;
  readonly #now: () => number;
  readonly #tallies = new LRUCache<string, Tally>({ max: MOST_ADDRESSES });

  constructor(options: FailedAttemptsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Seconds, rounded up, until credentials from the address are looked at again; `undefined` when they are now. */
  retryAfter(ip: string): number | undefined {
    const tally = this.#tallies.get(addressGroup(ip));
    const left = tally === undefined ? 0 : tally.until - this.#now();
    return tally === undefined || left <= 0 || tally.failures < this.#options.limit
      ? undefined
      : Math.ceil(left / 1000);
  }

  note(ip: string): void {
    const group = addressGroup(ip);
    const now = this.#now();
    const tally = this.#tallies.get(group);
    if (tally !== undefined && tally.until > now) tally.failures++;
    else this.#tallies.set(group, { failures: 1, until: now + this.#options.windowMs });
  }
}
